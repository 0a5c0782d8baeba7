import { ClaudemeshError } from "../../protocol/error.ts";

/** Where Redis or Valkey is, and as whom to speak to it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username: string | null;
  readonly password: string | null;
  /** Without user and password: what logs and errors may show. */
  readonly shown: string;
}

/** Reads `redis[s]://[user][:password]@host[:port][/database]`. Throws invalid_config, which never repeats the text. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.parse(text);
  const database = url === null ? null : /^\/?(\d{0,4})$/.exec(url.pathname);
  const schemes = ["redis:", "rediss:"];
  if (
    url === null ||
    database === null ||
    !schemes.includes(url.protocol) ||
    url.hostname === "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw unreadable();
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 6_379 : Number(url.port);
  return {
    host,
    port,
    tls: url.protocol === "rediss:",
    database: Number(database[1]),
    username: url.username === "" ? null : decoded(url.username),
    password: url.password === "" ? null : decoded(url.password),
    shown: `${url.protocol}//${url.hostname}:${port}/${Number(database[1])}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): ClaudemeshError {
  return new ClaudemeshError("invalid_config", "The address of Redis cannot be read.", {
    hint: "write it as redis://host:6379 or rediss://user:password@host:6379/0, with % escapes in user and password; claudemesh help environment",
  });
}
