import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../base/atomic-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** broker.json: where this broker was last reached. Read by the next start and by whoever wants to talk to it. */
export interface BrokerFile {
  readonly port: number;
  /** Of the listener for other hosts; null while there is none. */
  readonly exposed_port: number | null;
  readonly exposed_url: string | null;
  readonly broker_id: string;
  readonly url: string;
  readonly admin_socket: string;
}

/** null when there is none. One that cannot be read stops the start: guessing a port would strand every daemon. */
export function readBrokerFile(dataDir: string): Pick<BrokerFile, "port" | "exposed_port"> | null {
  const path = join(dataDir, "broker.json");
  const bytes = readFileIfPresent(path);
  if (bytes === null) return null;
  try {
    const { port, exposed_port } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    if (isPort(port)) return { port, exposed_port: isPort(exposed_port) ? exposed_port : null };
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
  throw unreadable(path, null);
}

/**
 * Where the broker was last, for whoever wants to talk to it or to show it. Never throws: only asking proves anything,
 * and of a file that is missing or spoilt the usual place is as good a guess.
 */
export function lastBrokerPlace(dataDir: string): {
  readonly url: string | null;
  readonly exposed_url: string | null;
  readonly admin_socket: string;
} {
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const usual = join(dataDir, "admin.sock");
  try {
    const file = JSON.parse(readFileSync(join(dataDir, "broker.json"), "utf8")) as Record<string, unknown>;
    return {
      url: text(file["url"]),
      exposed_url: text(file["exposed_url"]),
      admin_socket: text(file["admin_socket"]) ?? usual,
    };
  } catch {
    return { url: null, exposed_url: null, admin_socket: usual };
  }
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

export function writeBrokerFile(dataDir: string, file: BrokerFile): void {
  writeFileAtomic(join(dataDir, "broker.json"), `${JSON.stringify(file)}\n`, 0o600);
}

function unreadable(path: string, cause: unknown): ClaudemeshError {
  return new ClaudemeshError("invalid_config", `${path} does not name the broker's port.`, {
    hint: "remove the file and start with an explicit port",
    cause,
  });
}
