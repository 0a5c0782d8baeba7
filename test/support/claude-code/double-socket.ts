import { chmodSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";
import { claudeCode } from "../../../src/protocol/claude-code/assumptions.ts";

/** A message that came by the inbox socket. */
export interface PeerLine {
  readonly msgId: string | null;
  readonly from: string | null;
  readonly content: string;
  readonly priority: string;
}

export interface InboxSocketOptions {
  readonly path: string;
  readonly token: string;
  /** false: connections are broken off, unread. */
  room(): boolean;
  take(line: PeerLine): void;
  dropped(why: string): void;
  /** What counts as a burst is measured by it. */
  readonly now?: () => number;
}

/** Lines that a session takes in one second; more are a burst. */
const burstMax = 25;

/** A session's inbox: NDJSON on a unix socket. */
export async function inboxSocket({
  path,
  token,
  room,
  take,
  dropped,
  now = Date.now,
}: InboxSocketOptions): Promise<Server> {
  const seen = new Set<string>();
  let taken: number[] = [];
  const refuse = (socket: Socket, why: string): void => {
    dropped(why);
    socket.destroy();
  };
  const hear = (socket: Socket, text: string): void => {
    if (text.length > claudeCode.socketCharsMax) return refuse(socket, "too long");
    let value: Readonly<Record<string, unknown>>;
    try {
      value = JSON.parse(text) as typeof value;
    } catch {
      return refuse(socket, "not JSON");
    }
    if (value["type"] === "auth") return value["token"] === token ? undefined : refuse(socket, "wrong token");
    const message = value["message"] as { readonly role?: unknown; readonly content?: unknown } | undefined;
    if (value["type"] !== "user" || message?.role !== "user" || typeof message.content !== "string")
      return dropped("another shape");
    if (seen.has(message.content)) return dropped("identical");
    const word = (name: string): string | null => (typeof value[name] === "string" ? (value[name] as string) : null);
    const line = {
      msgId: word("msg_id"),
      from: word("from"),
      content: message.content,
      priority: word("priority") ?? "next",
    };
    taken.push(now());
    seen.add(message.content);
    take(line);
  };
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => {});
    taken = taken.filter((at) => at > now() - 1_000);
    if (!room()) return refuse(socket, "full");
    if (taken.length >= burstMax) return refuse(socket, "burst");
    socket.resume();
    const lines = createInterface({ input: socket });
    lines.on("line", (text) => hear(socket, text));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
  return server;
}

/** Tells the sender of a message what became of it. */
export function tellStatus(line: PeerLine, status: string, own: string): void {
  const prefix = claudeCode.socketAddressPrefix;
  if (line.from === null || !line.from.startsWith(prefix) || line.msgId === null) return;
  const socket = connect(line.from.slice(prefix.length));
  socket.on("error", () => {});
  socket.end(
    `${JSON.stringify({
      msgV: claudeCode.messageVersion,
      msg_id: randomUUID(),
      type: "control",
      action: claudeCode.statusAction,
      status,
      orig_msg_id: line.msgId,
      from: `${prefix}${own}`,
    })}\n`,
  );
}
