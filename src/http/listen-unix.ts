import { chmodSync, lstatSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { ClaudemeshError } from "../protocol/error.ts";

const dialTimeoutMs = 2_000;

/**
 * Listens on `path` (0600). A socket that is already there is dialled first: one that answers belongs to a running
 * daemon and is left alone (already_running), one that refuses is what a killed daemon left behind.
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ClaudemeshError("invalid_config", `${path} is in the way: it is not a socket`, {
      hint: `look at it, then remove it: rm ${path}`,
    });
  }
  if (await answers(path)) {
    throw new ClaudemeshError("already_running", `another process answers on ${path}`, { hint: "claudemesh status" });
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    // One that neither takes nor refuses the connection has a live listener behind it that is stuck.
    socket.setTimeout(dialTimeoutMs, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });
}
