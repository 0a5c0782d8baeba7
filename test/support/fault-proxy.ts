import { type AddressInfo, createServer, connect, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { onEnd } from "./on-end.ts";

/** A TCP relay between a daemon and a broker that loses, holds or cuts on command. */
export interface FaultProxy {
  readonly port: number;
  readonly authority: string;
  /** Bytes towards the daemon are thrown away from now on; the connection itself stays up (half-open link). */
  loseAnswers(lose: boolean): void;
  /** Ends every connection at once, without a closing handshake. */
  cut(): void;
  /** Refuses new connections while true. */
  refuse(refuse: boolean): void;
  /** Resolves when bytes of the daemon that satisfy `test` have been relayed to the broker. */
  relayed(test: (chunk: Buffer) => boolean): Promise<void>;
}

/** `target` is asked at each connection, since a broker must know the proxy's address before it starts. */
export async function faultProxy(t: TestContext, target: () => { host: string; port: number }): Promise<FaultProxy> {
  const pairs = new Set<{ near: Socket; far: Socket }>();
  const waiting = new Set<{ test: (chunk: Buffer) => boolean; resolve: () => void }>();
  let losing = false;
  let refusing = false;
  const server: Server = createServer((near) => {
    if (refusing) return void near.destroy();
    const far = connect(target());
    const pair = { near, far };
    pairs.add(pair);
    near.on("data", (chunk) => {
      far.write(chunk);
      for (const wait of waiting) {
        if (!wait.test(chunk)) continue;
        waiting.delete(wait);
        wait.resolve();
      }
    });
    far.on("data", (chunk) => {
      if (!losing) near.write(chunk);
    });
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  const cut = () => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  onEnd(t, async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port,
    authority: `127.0.0.1:${port}`,
    loseAnswers: (lose) => {
      losing = lose;
    },
    cut,
    refuse: (refuse) => {
      refusing = refuse;
    },
    relayed: (test) => new Promise((resolve) => waiting.add({ test, resolve })),
  };
}
