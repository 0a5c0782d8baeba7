/** What may be done with a home as a whole, whether its daemons run or not. Implemented in src/bin/home-life. */
export interface HomeLife {
  /** A file each, sealed under a passphrase. What is backed up may run meanwhile. */
  backup(request: BackupRequest): Promise<readonly BackupMade[]>;
  /** A member from its backup, as a mesh that this home has not, or the home's own broker. Starts nothing. */
  restore(request: RestoreRequest): Promise<Restored>;
  /** What `reset` would remove, and what speaks against it. Changes nothing. */
  resetPlan(request: ResetRequest): Promise<RemovalPlan>;
  /** Removes meshes from this home; nobody is told. */
  reset(request: ResetRequest): Promise<ResetDone>;
  uninstallPlan(home: string): Promise<RemovalPlan>;
  /** Removes services, leaves every mesh, stops all and removes the home. */
  uninstall(request: UninstallRequest): Promise<Uninstalled>;
}

export interface BackupRequest {
  readonly home: string;
  /** `mesh` null: the only one. Of `all`, `out` is a folder. */
  readonly what:
    | { readonly kind: "mesh"; readonly mesh: string | null }
    | { readonly kind: "broker" }
    | { readonly kind: "all" };
  /** A file, or a folder that is there. */
  readonly out: string;
  readonly keysOnly: boolean;
  /** Replaces a file that is there. */
  readonly force: boolean;
  readonly passphrase: string;
}

/** One element of the answer of `backup --json`, exactly. */
export interface BackupMade {
  readonly of: "daemon" | "broker";
  /** null: of the home's own broker, as the address is. */
  readonly mesh: string | null;
  readonly address: string | null;
  readonly path: string;
  readonly bytes: number;
  /** Names of the files in it. */
  readonly files: readonly string[];
  /** False: made with the keys alone. */
  readonly messages: boolean;
  /** What whoever made it should know, one sentence each. */
  readonly notices: readonly string[];
}

export interface RestoreRequest {
  readonly home: string;
  /** The backup's file. */
  readonly from: string;
  /** A folder that is in its place is set aside. */
  readonly replace: boolean;
  readonly passphrase: string;
}

/** Answer of `restore --json`, exactly. */
export interface Restored {
  readonly of: "daemon" | "broker";
  /** null: it is the home's own broker, as the address is. */
  readonly mesh: string | null;
  readonly address: string | null;
  /** When the backup was made. */
  readonly as_of: string;
  readonly files: readonly string[];
  readonly messages: boolean;
  /** Where what was in its place is now; null: nothing was. */
  readonly set_aside: string | null;
  readonly notices: readonly string[];
}

export interface ResetRequest {
  readonly home: string;
  /** null: the only one. */
  readonly mesh: string | null;
  /** Every mesh, and this home's own broker. */
  readonly all: boolean;
}

export interface RemovalPlan {
  /** Addresses that nobody could be any more, `@alice in mesh local`. */
  readonly members: readonly string[];
  /** The home's own broker goes as well. */
  readonly broker: boolean;
  /** Why it is not done without force, one sentence each. */
  readonly objections: readonly string[];
}

/** Answer of `reset --json`, exactly. */
export interface ResetDone {
  readonly meshes: readonly string[];
  /** The home's own broker was removed as well. */
  readonly broker: boolean;
}

export interface UninstallRequest {
  readonly home: string;
  /** Goes on where a mesh cannot be left, or others need what is removed. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Answer of `uninstall --json`, exactly. */
export interface Uninstalled {
  readonly home: string;
  /** Files of services that were removed. */
  readonly services: readonly string[];
  /** Meshes that were left. */
  readonly left: readonly string[];
  /** Meshes in which the member is still one, and why. */
  readonly not_left: readonly { readonly mesh: string; readonly reason: string }[];
  /** Settings of coding agents that still start the program. */
  readonly agents: readonly { readonly kind: string; readonly scope: string; readonly path: string }[];
  /** What stays in the home's folder: what claudemesh did not make, and what it needs for `agents`. */
  readonly remains: readonly string[];
}
