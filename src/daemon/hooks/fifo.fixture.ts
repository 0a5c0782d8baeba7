import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { TestContext } from "node:test";

/** A named pipe that scripts write lines to, so that a test waits for what they do and not for a time. */
export interface Fifo {
  /** The next line that anybody has written. */
  line(): Promise<string>;
  /** For a script that reads it. */
  write(text: string): void;
}

export async function fifo(t: TestContext, path: string): Promise<Fifo> {
  const [code] = (await once(spawn("mkfifo", [path]), "exit")) as [number];
  if (code !== 0) throw new Error(`mkfifo ${path} ended with ${code}`);
  return openFifo(t, path);
}

/** Of one that a script has made. Held open for both ways: nobody who opens it has to wait for the other side. */
export function openFifo(t: TestContext, path: string): Fifo {
  const socket = new Socket({
    fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: true,
  });
  t.after(() => socket.destroy());
  let text = "";
  let wake: () => void = () => {};
  socket.on("data", (chunk) => {
    text += chunk.toString("utf8");
    wake();
  });
  return {
    async line() {
      while (!text.includes("\n")) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const end = text.indexOf("\n");
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return line;
    },
    write: (written) => void socket.write(written),
  };
}
