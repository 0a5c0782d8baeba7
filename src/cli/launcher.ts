import type { AgentInstaller } from "./agent-installer.ts";
import type { ConfigFile } from "./config/config-file.ts";
import type { RecoverAnswer } from "./recover-answer.ts";
import type { ApiKeyMade, ApiKeyView } from "../protocol/direct-api.ts";
import type { HealthView } from "../protocol/local-api.ts";
import type { HomeLife } from "./home-life.ts";

/** What commands may ask of the part that starts and stops processes. Implemented in src/bin. */
export interface Launcher extends HomeLife, AgentInstaller {
  /** Starts whichever of the pair is missing; what runs already stays as it is. */
  up(request: UpRequest): Promise<UpAnswer>;
  /** Stops the daemons and the own broker, each gracefully. */
  down(
    home: string,
    what: { readonly daemons: boolean; readonly broker: boolean; readonly mesh: string | null },
  ): Promise<DownAnswer>;
  status(home: string): Promise<HostStatus>;
  /** The daemon of an existing member alone; the broker may be away. `http` and `readOnly` null: as recorded. */
  daemonUp(request: {
    readonly home: string;
    readonly mesh: string | null;
    readonly http: boolean | null;
    readonly readOnly: boolean | null;
    /** Dial the broker now, whatever kept the daemon from it; one that runs and waits is started anew. */
    readonly dial?: boolean;
    readonly set?: SetRequest;
  }): Promise<Started<DaemonStatus>>;
  /** The embedded broker alone. One that listens elsewhere than asked is restarted. */
  brokerUp(home: string, listen: ListenRequest | null, set?: SetRequest): Promise<Started<BrokerStatus>>;
  /** The broker in this process, logging to stderr, until it is told to stop. Ends the process. */
  brokerRun(
    home: string,
    listen: ListenRequest | null,
    logLevel: string,
    settle?: boolean,
    set?: SetRequest,
  ): Promise<never>;
  /** A mesh's daemon in this process, or with `all` those of all meshes as its children, until told to stop. Ends the process. */
  daemonRun(request: DaemonRunRequest): Promise<never>;
  /** Has the system start this home's daemons, and its broker, by itself. */
  installService(request: InstallRequest): Promise<InstallAnswer>;
  /** Takes that back; empty where there is nothing to take back. */
  uninstallService(request: UninstallServiceRequest): Promise<readonly ServiceShown[]>;
  /** Makes this home a member of an invite's mesh, or has it follow the broker to the link's address; starts its daemon. */
  join(request: JoinRequest): Promise<JoinAnswer>;
  /** Founds another mesh at a broker of this machine, this home its owner; starts its daemon. */
  meshCreate(request: MeshCreateRequest): Promise<MeshCreated>;
  /** The meshes that this home belongs to, whether their daemons run or not. */
  meshes(home: string): Promise<readonly MeshHere[]>;
  /** Makes sure that this home's own mesh, if it has a broker, has its owner and that the daemon runs. */
  ensureOwner(home: string): Promise<{ readonly started: boolean }>;
  /** Makes the members of these meshes belong to this host, with the keys that they have. Throws already_running. */
  acceptHost(home: string, meshes: readonly string[]): Promise<readonly HostAccepted[]>;
  /** Gives this home a new member of a mesh in place of the one that it has, whose folder is set aside; starts its daemon. */
  remint(request: RemintRequest): Promise<Reminted>;
  /** The settings of what runs in `dir`. Reads nothing yet. */
  configFile(dir: string, of: "daemon" | "broker"): ConfigFile;
  /** What this home's own broker does for its operator alone. Throws not_running when it does not run. */
  readonly operator: BrokerOperator;
  /** Checks the databases of a daemon that does not run, and makes damaged ones anew. `mesh` null: the only one. */
  recover(home: string, mesh: string | null): Promise<RecoverAnswer>;
  /** Looks for what is wrong in a home, whatever state it is in. Changes nothing. */
  doctor(home: string): Promise<DoctorAnswer>;
}

/** Asked over the broker's admin socket, which its own user can open. `mesh` null: the only one that it serves. */
export interface BrokerOperator {
  createApiKey(home: string, mesh: string | null, request: ApiKeyRequest): Promise<ApiKeyShown>;
  apiKeys(home: string, mesh: string | null): Promise<readonly ApiKeyView[]>;
  revokeApiKey(home: string, mesh: string | null, keyId: string): Promise<ApiKeyView>;
  /** Figures of what was done, by name. */
  upkeep(home: string, job: string, dryRun: boolean): Promise<Readonly<Record<string, number>>>;
}

/** With the way to the broker. */
export interface ApiKeyShown extends ApiKeyMade {
  /** Of the mesh, without a slash at its end: `https://host:port/v1/meshes/<mesh_id>`. */
  readonly url: string;
  /** Of the public key of the certificate met there, as `curl --pinnedpubkey` takes it; null: there is no TLS. */
  readonly pin: string | null;
}

export interface ApiKeyRequest {
  readonly name: string;
  /** Absent: the mesh's owner. */
  readonly member?: string;
  readonly scopes?: readonly string[];
  readonly destinations?: readonly string[];
  readonly expires_in_s?: number;
}

/** Settings by `table.key` above config.toml and the environment; null takes one back. What runs by others is started anew. */
export type SetRequest = Readonly<Record<string, string | null>>;

/** Where a broker shall listen. */
export interface ListenRequest {
  readonly listen: string | null;
  /** With TLS even on loopback; off loopback it always is. */
  readonly tls: boolean;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  /** Take the address for other hosts back. */
  readonly localOnly: boolean;
}

/** What an environment decided about a daemon, or what was asked for against it. */
export interface Decision {
  readonly setting: "mode" | "local_api" | "hooks";
  readonly value: "persistent" | "ephemeral" | "unix_socket" | "unix_socket_and_http" | "off";
  /** A clause. */
  readonly because: string;
  /** The option that changes it; null: there is none. */
  readonly override: string | null;
}

/** How long a daemon's keys live. */
export interface ModeRequest {
  /** null: as the environment suggests. */
  readonly mode: "persistent" | "ephemeral" | null;
  /** Of an ephemeral daemon: it ends by itself after so long; null: when it is told to. */
  readonly ttlMs: number | null;
}

export interface DaemonRunRequest {
  readonly home: string;
  /** null: the only one. */
  readonly mesh: string | null;
  readonly all: boolean;
  /** `file`: to the daemon's own log, as when it runs in the background. */
  readonly logTo: "stderr" | "file";
  readonly logLevel: string;
  readonly set: SetRequest;
  /** End with 0 where another start would end in the same way. */
  readonly settle: boolean;
}

export interface InstallRequest {
  readonly home: string;
  /** null: every mesh of the home, also one that it joins later. */
  readonly mesh: string | null;
  readonly scope: "user" | "system";
  /** Whom a service of the system runs as; null: whose home it is. */
  readonly user: string | null;
  /** A service of the home's own broker as well. */
  readonly broker: boolean;
  readonly start: boolean;
  /** Show what would be done; nothing is done. */
  readonly dryRun: boolean;
  /** Also where what runs here does not live long enough for it. */
  readonly force: boolean;
}

/** Answer of `install-service --json`, exactly. */
export interface InstallAnswer {
  readonly services: readonly ServiceShown[];
  /** That the manager of services was told by. */
  readonly commands: readonly string[];
  readonly dry_run: boolean;
  /** Their texts, of a dry run. */
  readonly files: readonly string[];
  /** What was stopped for it and what runs now, one sentence each. */
  readonly runs: readonly string[];
  readonly notices: readonly string[];
}

export interface ServiceShown {
  readonly name: string;
  readonly of: "daemon" | "broker";
  readonly scope: "user" | "system";
  /** Of its file. */
  readonly path: string;
  readonly change: "written" | "replaced" | "unchanged" | "removed";
}

export interface UninstallServiceRequest {
  readonly home: string;
  /** Of that mesh alone. */
  readonly mesh?: string | null;
  /** True: the broker's alone; false: none of the broker. */
  readonly broker?: boolean | null;
  readonly scope?: "user" | "system" | null;
}

export interface JoinRequest extends ModeRequest {
  readonly home: string;
  readonly link: string;
  /** null: that of the user or host, with a number if it is taken. */
  readonly name: string | null;
  /** What the mesh is called in this home; null: as its owner calls it. */
  readonly slug: string | null;
  readonly http: boolean | null;
  readonly signal: AbortSignal;
}

export interface JoinAnswer {
  readonly mesh: string;
  readonly member: string;
  readonly address: string;
  readonly broker_url: string;
  /** `admitted`: a new member; `address`: the broker is now dialled there; `none`: it was so already. */
  readonly change: "admitted" | "address" | "none";
  readonly daemon: Started<DaemonStatus>;
  readonly notices: readonly string[];
}

/** One of `accept-host --json`, exactly. */
export interface HostAccepted {
  readonly mesh: string;
  /** By what the host is known from now on. */
  readonly source: string;
  /** False: the member belonged to this host before. */
  readonly changed: boolean;
  /** Nothing of the host could be read, so a copy of the home would not be noticed by it. */
  readonly detection_off: boolean;
}

export interface RemintRequest {
  readonly home: string;
  readonly mesh: string;
  /** Of an invite to the same mesh; null: the founder takes it in, where the broker is on this host. */
  readonly link: string | null;
  /** null: that of the user or host, with a number if it is taken. */
  readonly name: string | null;
  readonly signal: AbortSignal;
}

/** Answer of `remint --json`, exactly. */
export interface Reminted {
  readonly mesh: string;
  readonly address: string;
  /** Of the member that it was. */
  readonly former: string;
  /** Where the folder of that one is now. */
  readonly set_aside: string;
  readonly daemon: Started<DaemonStatus>;
}

export interface MeshCreateRequest {
  readonly home: string;
  readonly slug: string;
  /** The owner's; null: that of the user or host. */
  readonly name: string | null;
  /** Data directory of the broker; null: that of this home's own one. */
  readonly broker: string | null;
}

/** Answer of `mesh create --json`, exactly. */
export interface MeshCreated {
  readonly mesh: string;
  readonly address: string;
  /** False: this home had made it before. */
  readonly created: boolean;
  readonly daemon: Started<DaemonStatus>;
}

/** A mesh that this home belongs to. */
export interface MeshHere {
  readonly mesh: string;
  readonly mesh_id: string;
  readonly address: string;
  /** null: not known here, since the mesh is not sealed. */
  readonly role: "owner" | "admin" | "member" | "guest" | null;
  /** Active ones; null as above. */
  readonly members: number | null;
  /** False: it is from before encryption, see `mesh seal`. */
  readonly sealed: boolean;
  /** This member was revoked or has left. */
  readonly ended: boolean;
  readonly broker_url: string;
  readonly daemon: DaemonStatus["state"];
}

/** Answer of `doctor --json`, exactly. */
export interface DoctorAnswer {
  readonly checks: readonly Finding[];
  /** No check found a problem; there may be warnings. */
  readonly ok: boolean;
}

export interface Finding {
  /** What was looked at: `node`, `daemon/local/link`, `broker/ready`. */
  readonly name: string;
  readonly state: "ok" | "warning" | "problem";
  /** One sentence. */
  readonly message: string;
  /** The command or the change that helps; null where nothing is to be done. */
  readonly hint: string | null;
}

export interface UpRequest extends ModeRequest {
  readonly home: string;
  /** The member's name; null: the existing one, else that of the user or host. */
  readonly name: string | null;
  /** The link that an ephemeral member joins by; null: it joins at a broker of this machine. */
  readonly invite: string | null;
  /** Also listen on loopback TCP; null: as recorded, else no. */
  readonly http: boolean | null;
  /** Data directory of another home's embedded broker to join; null: the own one. */
  readonly broker: string | null;
  /** null: where it listened before. */
  readonly listen: ListenRequest | null;
  /** Each of the pair, and the daemons of other meshes, by those that it has. */
  readonly set?: SetRequest;
}

export interface UpAnswer {
  /** null: the broker runs elsewhere. */
  readonly broker: Started<BrokerStatus> | null;
  readonly daemon: Started<DaemonStatus>;
  /** Of further meshes that this home has joined. */
  readonly others: readonly Started<DaemonStatus>[];
  /** What the user should know, one sentence each. */
  readonly notices: readonly string[];
}

export interface Started<T> {
  /** False: it ran already. */
  readonly started: boolean;
  readonly status: T;
  /** By which it had ended before this start, for a reason that another start seldom mends. */
  readonly ended_before?: ProcessEnd;
}

export interface DownAnswer {
  readonly daemons: readonly { readonly mesh: string; readonly stopped: boolean }[];
  readonly broker: { readonly stopped: boolean } | null;
}

/** Answer of `status --json`, exactly. */
export interface HostStatus {
  readonly daemons: readonly DaemonStatus[];
  readonly broker: BrokerStatus;
}

export interface DaemonStatus {
  readonly mesh: string;
  /** The member's name. */
  readonly member: string;
  readonly address: string;
  /** `unresponsive`: its lock is held and its local API does not answer. */
  readonly state: "running" | "stopped" | "unresponsive";
  readonly home: string;
  readonly socket: string;
  readonly http_port: number | null;
  readonly token_file: string;
  readonly pid: number | null;
  /** Its membership has ended: it shows what was received, dials no broker and takes nothing to send. */
  readonly read_only: boolean;
  /** `ephemeral`: its keys and messages are in its memory alone, and end with it. */
  readonly mode: "persistent" | "ephemeral";
  /** When it ends by itself; null: it does not, or does not run. */
  readonly ends_at: string | null;
  /** What its environment decided at its last start. */
  readonly decisions: readonly Decision[];
  /** Its way to the broker; null unless it runs. */
  readonly link: Pick<
    HealthView["link"],
    "state" | "last_error" | "last_error_kind" | "receives" | "instance_id" | "next_dial_at"
  > | null;
  /** Why it does not run: null when it was stopped in good order, is not known, or runs. */
  readonly last_end: ProcessEnd | null;
  /** What keeps the broker's membership and this home's apart; null: nothing, or it does not run. */
  readonly membership_trouble: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

/** The last words of a process. */
export interface ProcessEnd {
  /** Of `src/bin/exit-codes.ts`. */
  readonly exit_code: number;
  /** Error code, or kind of the close that ended the link. */
  readonly kind: string;
  readonly message: string;
  /** Of a negotiation that failed. */
  readonly feature: string | null;
  readonly detail: string | null;
  /** Of another daemon with the same keys, where it ended for that: as its own status and the broker's log name it. */
  readonly other_instance_id: string | null;
  readonly hint: string | null;
  readonly at: string | null;
}

export interface BrokerStatus {
  /** On loopback. */
  readonly url: string | null;
  /** For other hosts. */
  readonly exposed_url: string | null;
  /** `absent`: this home has no broker of its own. */
  readonly state: "running" | "stopped" | "unresponsive" | "absent";
  readonly pid: number | null;
  readonly data_dir: string | null;
}
