import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { Answer, Target } from "./http-call.fixture.ts";

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function place(target: Target): object {
  return "socketPath" in target ? { socketPath: target.socketPath } : { host: "127.0.0.1", port: target.port };
}

function tokenOf(target: Target): Record<string, string> {
  return "token" in target ? { authorization: `Bearer ${target.token}` } : {};
}

/** A POST to /v1/things whose length is not announced. */
export function chunkedPost(target: Target, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...place(target),
        method: "POST",
        path: "/v1/things",
        headers: { ...tokenOf(target), "content-type": "application/json" },
      },
      (response) => {
        let answered = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            answered += chunk;
          })
          .on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: answered,
              json: JSON.parse(answered) as Record<string, unknown>,
            }),
          );
      },
    );
    sent.on("error", reject);
    sent.write(body);
    sent.end();
  });
}

/** A request on a kept connection; tells whether it was used before. */
export function keptCall(
  agent: Agent,
  target: Target,
  method: string,
  path: string,
  body: string,
): Promise<{ status: number; reused: boolean }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...place(target),
        agent,
        method,
        path,
        headers: { ...tokenOf(target), ...(body === "" ? {} : { "content-type": "application/json" }) },
      },
      (response) => {
        response.resume().on("end", () => resolve({ status: response.statusCode ?? 0, reused: sent.reusedSocket }));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Opens /v1/stream; rejects when it is refused. */
export function openStream(target: Target): Promise<{ destroy(): void }> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...place(target), path: "/v1/stream", agent: new Agent() }, (response) => {
      response.on("error", () => {});
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`answered ${response.statusCode}`));
        return;
      }
      response.once("data", () => resolve({ destroy: () => sent.destroy() }));
    });
    sent.on("error", () => {});
    sent.end();
  });
}

/** Writes bytes and resolves with all that comes back. */
export function rawExchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket
      .setEncoding("utf8")
      .on("data", (chunk: string) => {
        text += chunk;
      })
      .on("close", () => resolve(text))
      .on("error", reject);
  });
}
