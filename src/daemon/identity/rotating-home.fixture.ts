import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FileLayer } from "../../base/file-layer.ts";
import type { Log } from "../../base/log.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { signKeyProof } from "../../protocol/membership/entry.ts";
import { currentKeys } from "../../protocol/membership/state.ts";
import { defaultConfig } from "../config.ts";
import { type ChainBroker, chainBroker, chainMesh, type ChainPerson, foundChain } from "../membership/chain.fixture.ts";
import { createMembership } from "../membership/membership.ts";
import { writeChain } from "../membership/membership-file.ts";
import type { LinkRequest, Membership } from "../parts.ts";
import { createKeypair, readKeypair } from "./keypair.ts";
import type { ArchiveSettings } from "./keypair-archive.ts";
import { openOwnKeys, type OwnKeys } from "./own-keys.ts";
import { createRotation, type Rotation } from "./rotation.ts";

/** A member's folder with keys and chain, and a broker of its chain in this process. */
export interface RotatingHome {
  readonly dir: string;
  readonly broker: ChainBroker;
  readonly clock: ManualClock;
  readonly logged: { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string }[];
  readonly counted: string[];
  settings: ArchiveSettings;
  /** The member's keys as the broker's chain names them. */
  named(): { readonly keyId: string; readonly x25519: string };
  /** As a daemon does at its start. */
  open(files?: FileLayer): OpenHome;
  /** Names in the folder that belong to keys. */
  keyFiles(): string[];
  json(name: string): Record<string, unknown>;
}

export interface OpenHome {
  readonly keys: OwnKeys;
  readonly membership: Membership;
  readonly rotation: Rotation;
  /** As a link does: a key that the broker does not know is refused, then the chain is followed. False: refused for good. */
  link(): Promise<boolean>;
}

export function rotatingHome(t: TestContext): RotatingHome {
  const root = mkdtempSync(join(tmpdir(), "cm-rotation-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const dir = join(root, "work");
  mkdirSync(dir, { mode: 0o700 });
  const clock = createManualClock(Date.parse("2026-01-01T00:00:00.000Z"));
  const { memberId, keyId, signingKey, x25519PublicKey } = createKeypair(dir, clock.now());
  const pair = { ed25519_pubkey: memberId, x25519_pubkey: x25519PublicKey };
  const { proof } = signKeyProof(chainMesh, memberId, pair, signingKey);
  const member = { member_id: memberId, name: "ada", x25519_pubkey: x25519PublicKey, proof };
  const ada: ChainPerson = { name: "ada", memberId, keyId, signingKey, member };
  const first = foundChain(ada, chainMesh);
  writeChain(dir, [first]);
  const broker = chainBroker([first]);
  const logged: RotatingHome["logged"] = [];
  const counted: string[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level, fields, message });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const request: LinkRequest = (frame) => broker.request(frame);
  const home: RotatingHome = {
    dir,
    broker,
    clock,
    logged,
    counted,
    settings: defaultConfig.crypto,
    named() {
      const found = broker.state()?.members.get(memberId);
      if (found === undefined) throw new TypeError("the chain has its founder");
      return currentKeys(found);
    },
    open(files) {
      const planted = files === undefined ? {} : { files };
      const keys = openOwnKeys({
        dir,
        keypair: readKeypair(dir),
        settings: () => home.settings,
        clock,
        log,
        count: {
          expired: () => void counted.push("expired"),
          forceExpired: () => void counted.push("forced"),
          malformed: (lost) => void counted.push(`malformed ${lost}`),
        },
        ...planted,
      });
      const membership = createMembership({
        dir,
        meshId: chainMesh,
        identity: keys,
        clock,
        log,
        request,
        tell: async () => undefined,
        random: () => 0,
        ...(files === undefined ? {} : { disk: files }),
      });
      const state = membership.state();
      if (state !== null) keys.follow(state);
      const rotation = createRotation({ keys, meshId: chainMesh, membership, log });
      keys.tidy();
      return {
        keys,
        membership,
        rotation,
        async link() {
          while (rotation.dialKeys().keyId !== home.named().keyId) if (!rotation.refused()) return false;
          await membership.follow(request);
          await rotation.settle();
          return true;
        },
      };
    },
    keyFiles: () => readdirSync(dir).filter((name) => name.startsWith("keypair")),
    json: (name) =>
      existsSync(join(dir, name)) ? (JSON.parse(readFileSync(join(dir, name), "utf8")) as Record<string, unknown>) : {},
  };
  return home;
}
