import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import type { BrokerFrame, DaemonFrame } from "../../src/protocol/frames.ts";
import { onEnd } from "./on-end.ts";

/**
 * All that whoever runs a broker can do to its daemons: it stands between them and a real one, reads every frame and
 * passes on what it likes, in the order it likes, changed or invented. The real broker lists `authority` as its own, so
 * that hellos which were made for this address are good there.
 */
export interface HostileBroker {
  /** As daemons dial it. */
  readonly authority: string;
  readonly url: string;
  /** Every frame that either side has sent, as text, in order. */
  readonly seen: readonly SeenFrame[];
  /** Every link that is open now, oldest first. */
  readonly links: readonly HostileLink[];
  /** What is done to frames from now on; `null`: an honest broker again. The newest plan replaces the one before. */
  plot(plan: Plot | null): void;
  /** The member's newest open link. */
  linkOf(memberId: string): HostileLink;
  /** The first frame, from now on, that satisfies `test`. */
  next(test: (seen: SeenFrame) => boolean): Promise<SeenFrame>;
  /** Ends every link, so that each daemon dials again and asks for everything. */
  cut(): void;
}

export interface Plot {
  /** The frames that go to the daemon in the place of one of the broker's. */
  readonly toDaemon?: (frame: BrokerFrame, link: HostileLink) => readonly Invented[];
  /** The frames that go to the broker in the place of one of a daemon's. */
  readonly toBroker?: (frame: DaemonFrame, link: HostileLink) => readonly Invented[];
}

/** Whatever it likes: nothing says that a hostile frame has a frame's shape. */
export type Invented = object;

export interface HostileLink {
  /** From its hello; "" before. */
  readonly memberId: string;
  tellDaemon(frame: Invented): void;
  tellBroker(frame: Invented): void;
  /** Ends it at once, without a close code: the daemon dials again. */
  cut(): void;
}

export interface SeenFrame {
  readonly from: "daemon" | "broker";
  readonly memberId: string;
  readonly text: string;
  readonly frame: Readonly<Record<string, unknown>>;
}

/**
 * `target` is asked at each connection, since the broker must know this address before it starts. `host`: the address that
 * the broker is told was dialled; by default the one that was.
 */
export async function hostileBroker(
  t: TestContext,
  target: () => { port: number },
  options: { readonly host?: () => string } = {},
): Promise<HostileBroker> {
  const seen: SeenFrame[] = [];
  const links = new Set<HostileLink>();
  const watching = new Set<{ test: (frame: SeenFrame) => boolean; resolve: (frame: SeenFrame) => void }>();
  const sockets = new Set<Socket>();
  let plan: Plot | null = null;

  function note(frame: SeenFrame): void {
    seen.push(frame);
    for (const watch of watching) {
      if (!watch.test(frame)) continue;
      watching.delete(watch);
      watch.resolve(frame);
    }
  }

  const server = createServer((asked, answer) => relayRequest(asked, answer, target()));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", (asked, socket, head) => {
    upgrades.handleUpgrade(asked, socket, head, (near) => {
      const far = new WebSocket(`ws://127.0.0.1:${target().port}${asked.url ?? "/"}`, "claudemesh.v1", {
        perMessageDeflate: false,
        headers: { host: options.host?.() ?? asked.headers.host ?? "" },
      });
      const link = openLink(near, far, note, () => plan);
      links.add(link);
      for (const side of [near, far]) side.once("close", () => links.delete(link));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const link of links) link.cut();
  };
  onEnd(t, async () => {
    cut();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    authority: `127.0.0.1:${port}`,
    url: `ws://127.0.0.1:${port}/v1/link`,
    seen,
    get links() {
      return [...links];
    },
    plot: (next) => {
      plan = next;
    },
    linkOf(memberId) {
      const link = [...links].filter((candidate) => candidate.memberId === memberId).at(-1);
      if (link === undefined) throw new Error(`member ${memberId} has no link`);
      return link;
    },
    next: (test) => new Promise((resolve) => watching.add({ test, resolve })),
    cut,
  };
}

/** One daemon's WebSocket and the one that was opened to the broker for it. */
function openLink(
  near: WebSocket,
  far: WebSocket,
  note: (seen: SeenFrame) => void,
  plan: () => Plot | null,
): HostileLink {
  let memberId = "";
  // The broker speaks first, so nothing of the daemon's comes before this one is open.
  const early: string[] = [];
  const tellBroker = (frame: Invented): void => {
    const text = JSON.stringify(frame);
    if (far.readyState === WebSocket.CONNECTING) early.push(text);
    else if (far.readyState === WebSocket.OPEN) far.send(text);
  };
  const tellDaemon = (frame: Invented): void => {
    if (near.readyState === WebSocket.OPEN) near.send(JSON.stringify(frame));
  };
  const link: HostileLink = {
    get memberId() {
      return memberId;
    },
    tellDaemon,
    tellBroker,
    cut: () => {
      near.terminate();
      far.terminate();
    },
  };
  near.on("message", (data) => {
    const text = String(data);
    const frame = JSON.parse(text) as DaemonFrame;
    if (frame.type === "hello") memberId = frame.member_id;
    note({ from: "daemon", memberId, text, frame: frame as unknown as SeenFrame["frame"] });
    for (const passed of plan()?.toBroker?.(frame, link) ?? [frame]) tellBroker(passed);
  });
  far.on("message", (data) => {
    const text = String(data);
    const frame = JSON.parse(text) as BrokerFrame;
    note({ from: "broker", memberId, text, frame: frame as unknown as SeenFrame["frame"] });
    for (const passed of plan()?.toDaemon?.(frame, link) ?? [frame]) tellDaemon(passed);
  });
  far.once("open", () => {
    for (const text of early.splice(0)) far.send(text);
  });
  relayClose(near, far);
  relayClose(far, near);
  return link;
}

/** A close code is passed on; the codes that only the platform may use end the other side without one. */
function relayClose(from: WebSocket, to: WebSocket): void {
  from.on("error", () => to.terminate());
  from.on("close", (code, reason) => {
    if (code === 1000 || (code >= 3000 && code < 5000)) to.close(code, reason);
    else to.terminate();
  });
}

/** Everything besides links passes as it is. */
function relayRequest(asked: IncomingMessage, answer: ServerResponse, { port }: { port: number }): void {
  const sent = request(
    { host: "127.0.0.1", port, path: asked.url, method: asked.method, headers: asked.headers, agent: false },
    (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    },
  );
  sent.on("error", () => answer.destroy());
  asked.pipe(sent);
}
