import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { doctor } from "../../src/bin/doctor/doctor.ts";
import { createHost } from "../../src/bin/doctor/host.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import type { Finding } from "../../src/cli/launcher.ts";
import { broker, type TestBroker, type TestBrokerOptions } from "./broker.ts";
import { daemon } from "./daemon.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";
import { type Lifetime, onEnd } from "./on-end.ts";
import { run } from "./run.ts";
import { tempFolder } from "./temp-folder.ts";

/** A home whose doctor is asked in this process, and whose user types what the doctor says. */
export interface DoctoredHome {
  readonly home: string;
  /** Of its member, in the mesh `local`. */
  readonly dir: string;
  /** What is not well of what has this name. `now`: when it is looked at, epoch milliseconds. */
  faults(name: string, now?: number): Promise<readonly Finding[]>;
  /** Types a command into a shell of this home's user. It has to succeed. */
  type(command: string): Promise<void>;
}

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

/** A broker in `<home>/broker` and, in its folder, its mesh's owner, whose daemon does not run. */
export async function doctoredHome(
  t: Lifetime,
  options: TestBrokerOptions = {},
): Promise<DoctoredHome & { readonly broker: TestBroker }> {
  const home = emptyHome(t);
  const started = await broker(t, { dataDir: join(home, "broker"), ...options });
  return { ...(await memberOf(t, home, started.dataDir, "ada", "owner")), broker: started };
}

/** The home of another member of a mesh, whose broker is of this machine. Its daemon does not run. */
export function memberHome(t: Lifetime, { dataDir }: TestBroker, name: string): Promise<DoctoredHome> {
  return memberOf(t, emptyHome(t), dataDir, name, "member");
}

/** The same member in a home of its own, as somebody copies it. */
export function copyOf(t: Lifetime, { home }: DoctoredHome): DoctoredHome {
  const copy = emptyHome(t);
  cpSync(join(home, "daemon"), join(copy, "daemon"), { recursive: true });
  return homeAt(t, copy);
}

function emptyHome(t: Lifetime): string {
  const home = join(tempFolder(t), "home");
  mkdirSync(home, { mode: 0o700 });
  return home;
}

async function memberOf(
  t: Lifetime,
  home: string,
  dataDir: string,
  name: string,
  role: "owner" | "member",
): Promise<DoctoredHome> {
  const dir = join(home, "daemon", "local");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await joinBroker({ dir, dataDir, name, role });
  return homeAt(t, home);
}

/** The folder of a member whose daemon has run and was stopped; each test plants what it likes in a copy. */
export async function stoppedMember(t: Lifetime): Promise<(t: TestContext, name?: string) => DoctoredHome> {
  const { home, dir, broker } = await doctoredHome(t);
  const { daemon: started } = await daemon(t, { dir, http: true });
  await started.stop();
  await broker.broker.stop();
  return (of, name = "home") => {
    const copy = join(tempFolder(of), name);
    cpSync(join(home, "daemon"), join(copy, "daemon"), { recursive: true });
    for (const folder of [copy, join(copy, "daemon"), join(copy, "daemon", "local")]) chmodSync(folder, 0o700);
    return homeAt(of, copy);
  };
}

function homeAt(t: Lifetime, home: string): DoctoredHome {
  const programs = join(tempFolder(t), "bin");
  mkdirSync(programs);
  writeFileSync(join(programs, "claudemesh"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const inherited = inheritedEnvironment();
  const env = { ...inherited, CLAUDEMESH_HOME: home, PATH: `${programs}${delimiter}${inherited["PATH"] ?? ""}` };
  const type = async (command: string): Promise<void> => {
    const ran = await run("sh", ["-c", command], { env });
    assert.equal(ran.code, 0, `${command}\n${ran.stdout}${ran.stderr}`);
  };
  return {
    home,
    dir: join(home, "daemon", "local"),
    async faults(name, now = Date.now()) {
      const { checks } = await doctor(home, createHost(home, now));
      return checks.filter((finding) => finding.name === name && finding.state !== "ok");
    },
    async type(command) {
      // What a command has started is the test's to end.
      if (/claudemesh (daemon )?(up|restart)/.test(command)) onEnd(t, () => type("claudemesh down"));
      await type(command);
    },
  };
}
