import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A TCP relay between brokers and their database that cuts at the moment that matters, or leads elsewhere. */
export interface PostgresRelay {
  /** The database's address with the relay's port in it. */
  url(databaseUrl: string): string;
  /** New connections lead there from now on; present ones stay. */
  lead(port: number): void;
  /** Ends every connection at once. */
  cut(): void;
  /** Refuses new connections while true. */
  refuse(refuse: boolean): void;
  /**
   * The next statement that holds this text reaches the server; its answer does not come back: with `committed` the
   * connection is cut when the server answers, else as soon as the statement was handed on. Resolves when it was cut.
   */
  cutAfter(text: string, when: "sent" | "committed"): Promise<void>;
}

export async function postgresRelay(t: Pick<TestContext, "after">, port: number): Promise<PostgresRelay> {
  let target = port;
  let refusing = false;
  let trap: { readonly text: string; readonly when: "sent" | "committed"; readonly sprung: () => void } | null = null;
  const pairs = new Set<() => void>();

  const server = createServer((near: Socket) => {
    if (refusing) return void near.destroy();
    const far = connect({ host: "127.0.0.1", port: target, noDelay: true });
    near.setNoDelay();
    let losing: (() => void) | null = null;
    // Not reset: one whose reset fails beside an unfinished write is never closed, and the process never ends.
    const end = (): void => {
      pairs.delete(end);
      near.destroy();
      far.destroy();
    };
    pairs.add(end);
    near.on("data", (chunk) => {
      const caught = trap !== null && chunk.includes(trap.text) ? trap : null;
      if (caught === null) return void far.write(chunk);
      trap = null;
      losing = caught.sprung;
      far.write(chunk, () => {
        if (caught.when === "committed") return;
        end();
        caught.sprung();
      });
    });
    far.on("data", (chunk) => {
      if (losing === null) return void near.write(chunk);
      end();
      losing();
    });
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = (server.address() as AddressInfo).port;
  const cut = (): void => {
    for (const end of [...pairs]) end();
  };
  t.after(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(own);
      return url.href;
    },
    lead(to) {
      target = to;
    },
    cut,
    refuse(refuse) {
      refusing = refuse;
    },
    cutAfter: (text, when) =>
      new Promise((resolve) => {
        trap = { text, when, sprung: resolve };
      }),
  };
}
