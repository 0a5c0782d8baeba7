import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import type { Answer, Target } from "../../../src/http/http-call.fixture.ts";

/** One request without a body. */
export interface Line {
  readonly method: string;
  readonly path: string;
}

/**
 * Sends requests in one write on one connection and resolves with their answers. They are read in one turn, so that all
 * of them are being worked on before the first is answered.
 */
export async function pipelined(target: Target, lines: readonly Line[]): Promise<readonly Answer[]> {
  const socket = connectTo(target);
  try {
    socket.write(lines.map((line) => headOf(target, line)).join(""));
    return await answersOn(
      socket,
      lines.map(({ method }) => method),
    );
  } finally {
    socket.destroy();
  }
}

/** A request of which everything but its end has been sent. */
export interface HeldRequest {
  /** Sends the rest; resolves with the answer. */
  finish(): Promise<Answer>;
}

/** Resolves once the connection stands. Without `body` all but the last line of the head is sent, else all but the body. */
export async function heldRequest(target: Target, line: Line, body = ""): Promise<HeldRequest> {
  const socket = connectTo(target);
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const head = headOf(target, line, body);
  const sent = body === "" ? head.slice(0, -2) : head;
  await new Promise((resolve) => socket.write(sent, resolve));
  return {
    async finish() {
      socket.write(body === "" ? "\r\n" : body);
      const [answer] = await answersOn(socket, [line.method]);
      socket.destroy();
      return answer ?? assert.fail("no answer");
    },
  };
}

/** Writes bytes that are whatever they are, and resolves with what is answered. */
export async function rawAnswer(target: Target, bytes: string): Promise<Answer> {
  const socket = connectTo(target);
  socket.write(bytes);
  const [answer] = await answersOn(socket, ["GET"]);
  socket.destroy();
  return answer ?? assert.fail("no answer");
}

function connectTo(target: Target): Socket {
  return "socketPath" in target ? connect(target.socketPath) : connect(target.port, "127.0.0.1");
}

function headOf(target: Target, { method, path }: Line, body = ""): string {
  const host = "socketPath" in target ? "localhost" : `127.0.0.1:${target.port}`;
  const token = "token" in target && target.token !== undefined ? `authorization: Bearer ${target.token}\r\n` : "";
  const length = body === "" ? 0 : Buffer.byteLength(body);
  const type = method === "POST" ? `content-type: application/json\r\ncontent-length: ${length}\r\n` : "";
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${token}${type}\r\n`;
}

/** Reads one answer per method: a HEAD's has a length and no body. */
function answersOn(socket: Socket, methods: readonly string[]): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    let text = "";
    const read = (): void => {
      while (answers.length < methods.length) {
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [status = "", ...lines] = text.slice(0, end).split("\r\n");
        const headers = Object.fromEntries(
          lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
        );
        const length = methods[answers.length] === "HEAD" ? 0 : Number(headers["content-length"]);
        const body = text.slice(end + 4, end + 4 + length);
        if (body.length < length) return;
        text = text.slice(end + 4 + length);
        const isJson = String(headers["content-type"]).includes("json") && body !== "";
        answers.push({
          status: Number(status.split(" ")[1]),
          headers,
          text: body,
          json: isJson ? (JSON.parse(body) as Record<string, unknown>) : {},
        });
      }
      resolve(answers);
    };
    // Answers of these tests hold ASCII where lengths matter.
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      read();
    });
    socket.on("error", reject).on("close", () => reject(new Error(`closed after ${answers.length} answers: ${text}`)));
  });
}
