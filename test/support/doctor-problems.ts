import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, cpSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { installAgent } from "../../src/bin/agent-install/install-agent.ts";
import type { Finding } from "../../src/cli/launcher.ts";
import { defaultConfig } from "../../src/daemon/config.ts";
import { acceptHost } from "../../src/daemon/identity/host/accept-host.ts";
import { linuxHost, readersOf } from "../../src/daemon/identity/host/simulated-host.fixture.ts";
import type { DoctoredHome } from "./doctored-home.ts";

/** Something that is wrong, planted for real: how it is found, and the command by which the doctor mends it. */
export interface Problem {
  readonly title: string;
  /** Name of the finding. */
  readonly name: string;
  readonly state: Finding["state"];
  readonly says: RegExp;
  plant(of: DoctoredHome, t: TestContext): unknown;
  /** Stands in the hint; null: no command can mend it, and the hint says what does. */
  readonly mends: ((of: DoctoredHome) => string) | null;
}

const { clone } = defaultConfig;
const hook = (dir: string, name: string, text = "#!/bin/sh\n", mode = 0o700): string => {
  mkdirSync(join(dir, "hooks"), { recursive: true, mode: 0o700 });
  const path = join(dir, "hooks", name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

/** Claude Code's settings in a project beside the home, as an installation wrote them. */
const installed = ({ home }: DoctoredHome, program: string): string => {
  const project = join(home, "..", "api");
  const request = { home, mesh: null, kind: "claude-code", scope: "project", project } as const;
  installAgent(
    { ...request, dryRun: false, channel: false, rewake: false },
    { homeFolder: join(home, ".."), env: {}, node: process.execPath, program },
  );
  return project;
};
const installAgain = ({ home }: DoctoredHome): string =>
  `cd ${join(home, "..", "api")} && claudemesh agent install claude-code --scope project`;

export const problems: readonly Problem[] = [
  {
    title: "hooks of a coding agent that start a program which was moved",
    name: "coding-agents",
    state: "problem",
    says: /settings\.json and .*\.mcp\.json starts \/gone\/claudemesh\.js, which is not there: no message comes into a session$/,
    plant: (of) => installed(of, "/gone/claudemesh.js"),
    mends: installAgain,
  },
  {
    title: "settings of a coding agent out of which somebody took claudemesh",
    name: "coding-agents",
    state: "warning",
    says: /\.mcp\.json holds nothing of claudemesh any more$/,
    plant: (of) => writeFileSync(join(installed(of, process.argv[1] ?? ""), ".mcp.json"), "{}"),
    mends: installAgain,
  },
  {
    title: "a pipe in the place of a file, at which reading would wait for ever",
    name: "daemon/local/files",
    state: "problem",
    says: /config\.toml is not a file$/,
    plant: ({ dir }) => execFileSync("mkfifo", [join(dir, "config.toml")]),
    mends: ({ dir }) => `mv ${join(dir, "config.toml")} ${join(dir, "config.toml")}.away`,
  },
  {
    title: "a home that others may enter",
    name: "home",
    state: "warning",
    says: /can be entered by others \(mode 755\); it must be 700$/,
    plant: ({ home }) => chmodSync(home, 0o755),
    mends: ({ home }) => `chmod 700 ${home}`,
  },
  ...["keypair.json", "local_token", "membership.jsonl"].map(
    (file): Problem => ({
      title: `a ${file} that others may read`,
      name: "daemon/local/files",
      state: "problem",
      says: new RegExp(`${file} can be read by others \\(mode 640\\)`),
      plant: ({ dir }) => chmodSync(join(dir, file), 0o640),
      mends: ({ dir }) => `chmod 600 ${join(dir, file)}`,
    }),
  ),
  {
    title: "a socket that a killed daemon left",
    name: "daemon/local/socket",
    state: "warning",
    says: /sock was left by a daemon that was killed/,
    async plant({ dir }) {
      const bind = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      await once(spawn(process.execPath, ["-e", bind, join(dir, "sock")], { stdio: "inherit" }), "exit");
    },
    mends: () => "claudemesh daemon up --mesh local",
  },
  {
    title: "a folder in the place of the socket",
    name: "daemon/local/socket",
    state: "problem",
    says: /is in the way of the socket: it is a folder/,
    plant: ({ dir }) => mkdirSync(join(dir, "sock", "more"), { recursive: true }),
    mends: ({ dir }) => `rm -r ${join(dir, "sock")}`,
  },
  {
    title: "a member of another host",
    name: "daemon/local/host",
    state: "problem",
    says: /^this member belongs to another host/,
    plant: ({ dir }) =>
      acceptHost({
        dir,
        clone,
        now: 0,
        readers: readersOf(linuxHost({ machineId: "3f1c9d5e7a8b4c2d9e0f1a2b3c4d5e6f" })),
      }),
    mends: () => "claudemesh accept-host --mesh local",
  },
  {
    title: "a damaged file of the host's fingerprint",
    name: "daemon/local/host",
    state: "problem",
    says: /host_fingerprint\.json is damaged/,
    plant: ({ dir }) => writeFileSync(join(dir, "host_fingerprint.json"), "{", { mode: 0o600 }),
    mends: () => "claudemesh accept-host",
  },
  {
    title: "a fingerprint of a newer program",
    name: "daemon/local/host",
    state: "problem",
    says: /newer claudemesh/,
    plant: ({ dir }) => writeFileSync(join(dir, "host_fingerprint.json"), '{"schema_version":3,"version":3}'),
    mends: null,
  },
  {
    title: "a host that has nothing it could be known by",
    name: "daemon/local/host",
    state: "warning",
    says: /^this host has nothing that it could be known by/,
    plant: ({ dir }) => acceptHost({ dir, clone, now: 0, readers: readersOf({ platform: "linux" }) }),
    mends: () => "claudemesh daemon restart --mesh local",
  },
  {
    title: "a hook that others may write",
    name: "daemon/local/hooks",
    state: "problem",
    says: /on-dm can be written by others \(mode 722\), so it is not run/,
    plant: ({ dir }) => hook(dir, "on-dm", "#!/bin/sh\n", 0o722),
    mends: ({ dir }) => `chmod go-w ${join(dir, "hooks", "on-dm")}`,
  },
  {
    title: "a hooks.toml that no start takes",
    name: "daemon/local/hooks",
    state: "problem",
    says: /hooks\.toml:2: unknown key `enabeld` in \[on-dm\]; no start takes it/,
    plant: ({ dir }) => writeFileSync(join(dir, "hooks.toml"), "[on-dm]\nenabeld = true\n", { mode: 0o600 }),
    mends: null,
  },
  {
    title: "a hook that is enabled and is not there",
    name: "daemon/local/hooks",
    state: "warning",
    says: /hooks\.toml enables on-mention, and there is no .*on-mention$/,
    plant: ({ dir }) => writeFileSync(join(dir, "hooks.toml"), "[on-mention]\nenabled = true\n", { mode: 0o600 }),
    mends: () => "claudemesh hooks disable on-mention",
  },
  {
    title: "a hook that is not executable",
    name: "daemon/local/hooks",
    state: "warning",
    says: /on-topic-builds is not executable/,
    plant: ({ dir }) => hook(dir, "on-topic-builds", "#!/bin/sh\n", 0o600),
    mends: ({ dir }) => `chmod u+x ${join(dir, "hooks", "on-topic-builds")}`,
  },
  {
    title: "a hook whose interpreter is not there",
    name: "daemon/local/hooks",
    state: "warning",
    says: /pre-send names \/usr\/bin\/pyton3, which is not there/,
    plant: ({ dir }) => hook(dir, "pre-send", "#!/usr/bin/pyton3 -u\nprint()\n"),
    mends: null,
  },
  {
    title: "a hook that only a shell could start",
    name: "daemon/local/hooks",
    state: "warning",
    says: /on-mention does not begin with a line that names its interpreter/,
    plant: ({ dir }) => hook(dir, "on-mention", "echo hello\n"),
    mends: null,
  },
  {
    title: "a hook of an event that there is not",
    name: "daemon/local/hooks",
    state: "warning",
    says: /on-messages is called for no event/,
    plant: ({ dir }) => hook(dir, "on-messages"),
    mends: null,
  },
  {
    title: "a hook that is a link",
    name: "daemon/local/hooks",
    state: "warning",
    says: /on-receipt is not a file of its own/,
    plant: ({ dir }) => symlinkSync(hook(dir, "on-dm"), join(dir, "hooks", "on-receipt")),
    mends: null,
  },
  {
    title: "a member that was set aside with its keys",
    name: "set-aside",
    state: "warning",
    says: /local-20261126T100000Z was set aside and holds a member's keys/,
    plant({ home, dir }) {
      mkdirSync(join(home, "set-aside"), { mode: 0o700 });
      cpSync(dir, join(home, "set-aside", "local-20261126T100000Z"), { recursive: true });
    },
    mends: ({ home }) => `rm -r ${join(home, "set-aside", "local-20261126T100000Z")}`,
  },
  {
    title: "a setting that there is not",
    name: "daemon/local/config",
    state: "problem",
    says: /config\.toml:2: unknown key/,
    plant: ({ dir }) => writeFileSync(join(dir, "config.toml"), "[outbox]\ndisk_byte_max = 3\n", { mode: 0o600 }),
    mends: null,
  },
  {
    title: "a database that is damaged",
    name: "daemon/local/stores",
    state: "problem",
    says: /outbox\.db cannot be read: file is not a database/,
    plant({ dir }) {
      const file = openSync(join(dir, "outbox.db"), "r+");
      writeSync(file, Buffer.alloc(100, 7), 0, 100, 0);
      closeSync(file);
    },
    mends: () => "claudemesh recover --mesh local",
  },
  {
    title: "a database of a newer program",
    name: "daemon/local/stores",
    state: "problem",
    says: /outbox\.db was written by a newer claudemesh: this one does not know 9999_later\.sql/,
    plant: ({ dir }) => change(dir, "INSERT INTO schema_migration VALUES ('9999_later.sql', '00', '')"),
    mends: null,
  },
  {
    title: "a message that ended dead before the daemon was stopped",
    name: "daemon/local/stores",
    state: "warning",
    says: /^1 message ended dead and will not be sent$/,
    plant: ({ dir }) => change(dir, deadRow),
    mends: null,
  },
];

const deadRow = `INSERT INTO outbox (client_message_id, minted, request_fingerprint, fingerprint_version, to_text, destination,
  destination_kind, destination_ref, body, body_bytes, content_type, priority, meta, mentions, mentions_written, status, enqueued_at)
  VALUES ('dead-1', 0, zeroblob(32), 2, '#x', 'topic:x', 'topic', 'x', x'00', 1, 'text/plain', 'next', '', '[]', '[]', 'dead', 1)`;

/** Changes the outbox of a daemon that does not run. */
function change(dir: string, sql: string): void {
  const database = new DatabaseSync(join(dir, "outbox.db"));
  database.exec(sql);
  database.close();
}
