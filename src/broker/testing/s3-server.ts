import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "./redis-server.ts";

/** A real S3 service of this test's own (versitygw over a folder), with one bucket. Ended with the test. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** What a client of it has in its environment. */
  readonly env: Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** On the same port and folder, after `kill`. */
  restart(): Promise<void>;
}

const name = "versitygw";
const program = findProgram();
/** Why the tests that need one are left out; false: they are not. */
export const withoutS3 =
  program === null ? `${name} is not installed: CONTRIBUTING.md, "What the tests need"` : (false as const);

const startAttemptsMax = 5;
const bucket = "claudemesh-files";
const env = { AWS_ACCESS_KEY_ID: "test-access", AWS_SECRET_ACCESS_KEY: "test-secret-0123456789" };

export async function s3Server(t: Pick<TestContext, "after">): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), "cm-s3-"));
  // A folder of its root is a bucket.
  mkdirSync(join(folder, "data", bucket), { recursive: true });
  mkdirSync(join(folder, "about"));
  let running: Started | null = null;
  const kill = async (): Promise<void> => {
    const last = running;
    running = null;
    last?.child.kill("SIGKILL");
    await last?.exited;
  };
  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  let port = 0;
  for (let attempt = 1; running === null; attempt += 1) {
    port = await freePort();
    try {
      running = await startServer(port, folder);
    } catch (thrown) {
      // Somebody else may have taken the port between the look and the start.
      if (attempt === startAttemptsMax || !String(thrown).includes("in use")) throw thrown;
    }
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    env,
    kill,
    async restart() {
      await kill();
      running = await startServer(port, folder);
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

async function startServer(port: number, folder: string): Promise<Started> {
  // What it keeps beside an object goes to a folder: not every file system takes it in extended attributes.
  const child = spawn(
    program ?? name,
    ["--port", `127.0.0.1:${port}`, "posix", "--sidecar", join(folder, "about"), join(folder, "data")],
    {
      env: { ROOT_ACCESS_KEY: env.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: env.AWS_SECRET_ACCESS_KEY },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const exited = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes(`http://127.0.0.1:${port}`)) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    void exited.then(() => reject(new Error(`the S3 service did not start: ${said}`)));
  });
  while (!(await answers(port))) if (child.exitCode !== null) throw new Error(`the S3 service ended: ${said}`);
  return { child, exited };
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch {
    return false;
  }
}

function findProgram(): string | null {
  const places = (process.env["PATH"] ?? "").split(delimiter).concat(
    process.env["GOBIN"] ?? [],
    (process.env["GOPATH"] ?? join(homedir(), "go")).split(delimiter).map((path) => join(path, "bin")),
  );
  return process.env["VERSITYGW"] ?? places.map((place) => join(place, name)).find((path) => existsSync(path)) ?? null;
}
