import type { CommandContext, Option } from "./command.ts";
import type { ListenRequest } from "./launcher.ts";

/** Where the broker of this home listens. */
export const listenOptions: Readonly<Record<string, Option>> = {
  listen: {
    type: "string",
    value: "HOST:PORT",
    help: "listen for other hosts too, with TLS: 0.0.0.0:8787, or 8787 alone, is every address of this host; recorded",
  },
  tls: { type: "boolean", help: "with TLS even where --listen names this host only" },
  "tls-cert": {
    type: "string",
    value: "FILE",
    help: "your certificate (PEM) instead of the broker's own",
    complete: "file",
  },
  "tls-key": { type: "string", value: "FILE", help: "and its private key", complete: "file" },
  "local-only": { type: "boolean", help: "listen for this host only again" },
};

/** null when none of the options is given. */
export function readListen({ option, flag }: Pick<CommandContext, "option" | "flag">): ListenRequest | null {
  if (Object.keys(listenOptions).every((name) => option(name) === undefined)) return null;
  return {
    listen: option("listen") ?? null,
    tls: flag("tls"),
    tlsCert: option("tls-cert") ?? null,
    tlsKey: option("tls-key") ?? null,
    localOnly: flag("local-only"),
  };
}
