import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";

/** daemon.json: where a running daemon is found. It stays after kill -9, so it proves nothing: the socket does. */
export interface RuntimeFile {
  readonly pid: number;
  readonly http_port: number | null;
  readonly socket: string;
  readonly started_at: string;
}

/** Writes daemon.json, and http.port when there is one. */
export function writeRuntimeFile(dir: string, file: RuntimeFile): void {
  if (file.http_port === null) rmSync(join(dir, "http.port"), { force: true });
  else writeFileAtomic(join(dir, "http.port"), `${file.http_port}\n`);
  writeFileAtomic(join(dir, "daemon.json"), `${JSON.stringify(file)}\n`);
}

export function removeRuntimeFile(dir: string): void {
  for (const name of ["http.port", "daemon.json"]) rmSync(join(dir, name), { force: true });
}
