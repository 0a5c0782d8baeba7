import { Redis } from "ioredis";
import { fullJitter } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { parseRedisUrl, type RedisAddress } from "./redis-address.ts";

export interface RedisLimits {
  /** For TCP and TLS to come up. */
  readonly redisConnectMs: number;
  /** A command without an answer for so long ends the connection. */
  readonly redisSilenceMs: number;
  /** How often an idle connection is asked whether it lives. */
  readonly redisPingMs: number;
  /** Full jitter up to a bound that doubles from the first to the second. */
  readonly redisReconnectBaseMs: number;
  readonly redisReconnectCapMs: number;
}

export type RedisState = "up" | "down";

/**
 * One connection to Redis or Valkey that comes back by itself. Nothing waits in it: a command while it is down, or
 * whose connection ends before the answer, is rejected, and its owner knows what to do without Redis. Each use has a
 * connection of its own, since one that subscribes takes no other commands on old servers; channels are subscribed
 * anew after a reconnect.
 */
export interface RedisConnection extends Service {
  readonly client: Redis;
  /** Without user and password. */
  readonly address: string;
  state(): RedisState;
  /** Called at every change of the state; returns what ends that. */
  onChange(listener: (state: RedisState) => void): () => void;
  /**
   * Resolves when the connection is up, or when its first attempt failed: a broker starts without Redis too. Later
   * attempts go on behind it.
   */
  start(): Promise<void>;
}

export interface RedisConnectionOptions {
  /** Throws invalid_config at once if it cannot be read. */
  readonly url: string;
  /** What uses it, for `CLIENT LIST` and the log. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RedisLimits;
  /** PEM of what signs the server's certificate, instead of what this system trusts. */
  readonly certificateAuthority?: string;
}

export function createRedis(options: RedisConnectionOptions): RedisConnection {
  const { clock, log, limits, name } = options;
  const address = parseRedisUrl(options.url);
  const client = openClient(address, options);
  const listeners = new Set<(state: RedisState) => void>();
  let state: RedisState = "down";
  /** What was logged last; a server that stays away is told once and not at every attempt. */
  let told: RedisState | null = null;
  let reason = "the connection ended";
  let stopped = false;
  let ping: Timer | null = null;

  function change(next: RedisState): void {
    if (told !== next && !stopped) {
      told = next;
      const fields = { redis: address.shown, used_by: name };
      if (next === "up") log.info(fields, "Redis is connected");
      else log.warn({ ...fields, error: reason }, "Redis is away; connecting goes on");
    }
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener(next);
  }

  /** A connection that a network forgot says nothing: the unanswered ping ends it after `redisSilenceMs`. */
  function pingLater(): void {
    ping?.cancel();
    ping = clock.after(limits.redisPingMs, () => {
      client.ping().then(pingLater, () => undefined);
    });
  }

  client.on("error", (error: Error) => {
    reason = withoutSecrets(reasonOf(error), address);
  });
  client.on("ready", () => {
    change("up");
    pingLater();
  });
  client.on("close", () => {
    ping?.cancel();
    change("down");
    reason = "the connection ended";
  });

  return {
    client,
    address: address.shown,
    state: () => state,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    start: () => (stopped ? Promise.resolve() : client.connect().catch(() => undefined)),
    async stop() {
      if (stopped) return;
      stopped = true;
      const isOpen = ["connecting", "connect", "ready"].includes(client.status);
      // One that is ended before its socket exists never closes.
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()).once("end", () => resolve()));
      client.disconnect();
      if (isOpen) await closed;
    },
  };
}

function openClient(address: RedisAddress, options: RedisConnectionOptions): Redis {
  const { limits } = options;
  const range = { baseMs: limits.redisReconnectBaseMs, capMs: limits.redisReconnectCapMs };
  return new Redis({
    host: address.host,
    port: address.port,
    db: address.database,
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.tls
      ? { tls: options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority } }
      : {}),
    connectionName: `claudemesh-${options.name}`,
    lazyConnect: true,
    connectTimeout: limits.redisConnectMs,
    socketTimeout: limits.redisSilenceMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Zero: whatever waits for an answer is rejected as soon as its connection ends.
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => fullJitter(attempt - 1, range),
    // A primary that became a replica keeps its connections: the name may lead to the new one.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  });
}

/**
 * What went wrong, as text that may be logged. Of an error only its message: that of a refused AUTH carries the command
 * that failed, with the password.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? String((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
}

function withoutSecrets(text: string, { password, username }: RedisAddress): string {
  let shown = text;
  for (const secret of [password, username])
    if (secret !== null) shown = shown.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret), "…");
  return shown;
}
