import { ClaudemeshError } from "./error.ts";

/** The port of a broker that is told an address without one. */
export const defaultBrokerPort = 8_787;

/** Reads `HOST:PORT`, `[v6]:PORT`, `HOST`, or `:PORT` and `PORT` for every address. Port 0 stands for one that is free, the same at each start. Throws usage. */
export function parseListen(text: string, option: string): { readonly host: string; readonly port: number } {
  const found =
    /^(?:(?<v6>\[[0-9a-fA-F:.]+\])|(?<host>[A-Za-z0-9.-]+)(?=:|$))?(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? null;
  const onlyPort = /^\d{1,5}$/.test(text);
  const port = onlyPort ? Number(text) : Number(found?.["port"] ?? defaultBrokerPort);
  if (text === "" || text === ":" || (found === null && !onlyPort) || port > 65_535) {
    throw new ClaudemeshError("usage", `${option} ${text.slice(0, 80)}: not an address to listen on`, {
      hint: `for example ${option} 0.0.0.0:${defaultBrokerPort} (every address of this host), or ${option} 192.168.1.5:${defaultBrokerPort}`,
    });
  }
  const host = onlyPort ? "0.0.0.0" : (found?.["v6"]?.slice(1, -1) ?? found?.["host"] ?? "0.0.0.0");
  return { host, port };
}
