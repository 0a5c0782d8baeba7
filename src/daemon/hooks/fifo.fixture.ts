import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { TestContext } from "node:test";

/** Held open for both ways, so that nobody who opens it has to wait for the other side. */
const open = (path: string): number => openSync(path, constants.O_RDWR | constants.O_NONBLOCK);

/** A named pipe that scripts write lines to, so that a test waits for what they do and not for a time. */
export async function fifo(t: TestContext, path: string): Promise<{ line(): Promise<string> }> {
  const [code] = (await once(spawn("mkfifo", [path]), "exit")) as [number];
  if (code !== 0) throw new Error(`mkfifo ${path} ended with ${code}`);
  const socket = new Socket({ fd: open(path), readable: true });
  t.after(() => socket.destroy());
  let text = "";
  let wake: () => void = () => {};
  socket.on("data", (chunk) => {
    text += chunk.toString("utf8");
    wake();
  });
  return {
    /** The next line that anybody has written. */
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
  };
}

/** Writes a line into a named pipe that a script has made and reads. Nobody else reads it, this process neither. */
export function tell(t: TestContext, path: string, line: string): void {
  const fd = open(path);
  t.after(() => closeSync(fd));
  writeSync(fd, `${line}\n`);
}
