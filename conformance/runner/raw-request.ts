import { request } from "node:http";
import type { DaemonProcess } from "../../test/support/program-process.ts";
import type { RawRequest } from "./scenario.ts";
import { bodyOf } from "./seen-request.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Null where it is not JSON. */
  readonly json: unknown;
}

/** A request to a daemon exactly as it is written: over TCP not even the token is added. */
export function sendRaw({ unix, tcp }: DaemonProcess, raw: RawRequest): Promise<RawAnswer> {
  const json = raw.json === undefined ? undefined : JSON.stringify(raw.json);
  const body = raw.base64url === undefined ? (raw.text ?? json) : Buffer.from(raw.base64url, "base64url");
  const where = raw.over === "tcp" ? { host: "127.0.0.1", port: tcp.port } : { socketPath: unix.socketPath };
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...raw.headers };
  const method = raw.method ?? (body === undefined ? "GET" : "POST");
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method, path: raw.path, headers, agent: false }, async (answer) => {
      const text = (await bodyOf(answer)).toString("utf8");
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, json: parsed(text) });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
