import { createHash } from "node:crypto";
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { StatusLine } from "../../../protocol/claude-code/peer-message.ts";
import { socketLimits } from "./socket-limits.ts";
import { hearStatuses } from "./status-lines.ts";

/** Where sessions say what became of messages. */
export interface ReplySockets {
  /** The socket in a folder of sessions' sockets, listening; null: none can be made there, and the sessions stay silent. */
  within(folder: string): Promise<string | null>;
  stop(): Promise<void>;
}

/** Longer paths are cut by the system without a word. */
const pathBytesMax = 103;

/**
 * `owner` names this daemon: the socket of one that was killed is found by it, and taken over. A session that tells the decision of its
 * user hours later finds the daemon that runs then.
 */
export function createReplySockets(owner: string, told: (status: StatusLine) => void): ReplySockets {
  const listening = new Map<string, Promise<Listening | null>>();
  /** One that is asked for again is made after it has gone, which takes its file away. */
  let closing: Promise<unknown> = Promise.resolve();
  let stopped = false;
  return {
    async within(folder) {
      if (stopped) return null;
      const found = listening.get(folder) ?? closing.then(() => listen(pathIn(folder, owner), told));
      // The last one asked for stands last: what no session was in for longest goes, and not what comes.
      listening.delete(folder);
      listening.set(folder, found);
      const [oldest] = listening;
      if (oldest !== undefined && listening.size > socketLimits.foldersMax) {
        listening.delete(oldest[0]);
        closing = Promise.all([closing, oldest[1].then((socket) => socket?.close())]);
      }
      const socket = await found;
      if (socket === null && listening.get(folder) === found) listening.delete(folder);
      return socket?.path ?? null;
    },
    async stop() {
      stopped = true;
      const all = [...listening.values()];
      listening.clear();
      for (const socket of await Promise.all(all)) await socket?.close();
      await closing;
    },
  };
}

interface Listening {
  readonly path: string;
  close(): Promise<void>;
}

function pathIn(folder: string, owner: string): string {
  return join(folder, `claudemesh-${createHash("sha256").update(owner).digest("hex").slice(0, 12)}.sock`);
}

async function listen(path: string, told: (status: StatusLine) => void): Promise<Listening | null> {
  if (Buffer.byteLength(path) > pathBytesMax || !takeAway(path)) return null;
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    // A session that ends in the middle of a line has said nothing.
    socket.on("error", () => socket.destroy());
    hearStatuses(socket, told);
  });
  server.maxConnections = socketLimits.statusConnectionsMax;
  if (!(await bound(server, path))) return null;
  server.unref();
  return {
    path,
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
}

/** False: something else than a socket of this user is in the way. The daemon's own lock says that nobody listens there. */
function takeAway(path: string): boolean {
  try {
    const found = lstatSync(path);
    if (!found.isSocket() || found.uid !== process.getuid?.()) return false;
    rmSync(path);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function bound(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(path, () => {
      // Others must not speak in a session's name.
      chmodSync(path, 0o600);
      resolve(true);
    });
  });
}
