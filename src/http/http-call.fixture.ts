import { Agent, request } from "node:http";

/** Where a test's requests go. */
export type Target = { readonly socketPath: string } | { readonly port: number; readonly token?: string };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; empty when it is not JSON. */
  readonly json: Record<string, unknown>;
}

/** One request on a connection of its own. An object as `body` is sent as JSON, text and bytes as they are. */
export function httpCall(
  target: Target,
  method: string,
  path: string,
  options: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const raw = typeof options.body === "string" || options.body instanceof Uint8Array;
  const body =
    options.body === undefined ? null : Buffer.from(raw ? (options.body as string) : JSON.stringify(options.body));
  const headers: Record<string, string> = {
    ...(body === null ? {} : { "content-type": "application/json", "content-length": String(body.length) }),
    ...("token" in target && target.token !== undefined ? { authorization: `Bearer ${target.token}` } : {}),
    ...options.headers,
  };
  const where = "socketPath" in target ? { socketPath: target.socketPath } : { host: "127.0.0.1", port: target.port };
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, method, path, headers, agent: new Agent({ keepAlive: false }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        let json: Record<string, unknown> = {};
        try {
          json = JSON.parse(text) as Record<string, unknown>;
        } catch {
          // Not JSON: `text` has it.
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    sent.on("error", reject);
    sent.end(body ?? undefined);
  });
}
