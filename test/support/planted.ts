import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Something that has to stay where it is: what it is, and its bytes. */
export interface Planted {
  readonly what: string;
  readonly bytes: Buffer;
}

/** A text that occurs nowhere else. */
export function plantedText(what: string): Planted & { readonly text: string } {
  const text = `${what} ${randomBytes(16).toString("hex")}`;
  return { what, text, bytes: Buffer.from(text) };
}

/** A secret that is a text, such as a token: what is written is what is searched. */
export function plantedSecret(what: string, text: string): Planted {
  return { what, bytes: Buffer.from(text) };
}

/** What of the planted is in the bytes, in whatever spelling: as it is, in hex, in base64 and base64url. */
export function tracesIn(bytes: Buffer, planted: readonly Planted[]): string[] {
  return planted.flatMap(({ what, bytes: secret }) =>
    spellings(secret)
      .filter(({ pattern }) => bytes.includes(pattern))
      .map(({ name }) => `${what}, ${name}`),
  );
}

function spellings(secret: Buffer): { readonly name: string; readonly pattern: Buffer }[] {
  const found = [
    { name: "as it is", pattern: secret },
    { name: "in hex", pattern: Buffer.from(secret.toString("hex")) },
    { name: "in HEX", pattern: Buffer.from(secret.toString("hex").toUpperCase()) },
  ];
  for (const skipped of [0, 1, 2]) {
    // In base64 the spelling depends on where in a group of three bytes the secret begins; its last group on what follows.
    const whole = secret.subarray(skipped, secret.length - ((secret.length - skipped) % 3));
    for (const name of ["base64", "base64url"] as const)
      found.push({ name: `in ${name}`, pattern: Buffer.from(whole.toString(name)) });
  }
  return found;
}

/** All that a member's home keeps secret: private keys, the sealing secret, keys of topics and queues, the local token. */
export function secretsOfHome(dir: string): Planted[] {
  const read = (name: string): Record<string, unknown> =>
    existsSync(join(dir, name)) ? (JSON.parse(readFileSync(join(dir, name), "utf8")) as Record<string, unknown>) : {};
  const found: Planted[] = [];
  for (const [field, value] of Object.entries(read("keypair.json"))) {
    if (!/priv|secret/.test(field) || typeof value !== "string") continue;
    // The last 32 bytes of a private key's PKCS #8 are the key itself.
    found.push({ what: field, bytes: Buffer.from(value, "base64url").subarray(-32) });
  }
  const epochs = (read("topic_keys.json")["epochs"] ?? []) as { readonly key: string | null }[];
  for (const { key } of epochs)
    if (key !== null) found.push({ what: "key of a topic", bytes: Buffer.from(key, "base64url") });
  if (existsSync(join(dir, "local_token")))
    found.push(plantedSecret("local token", readFileSync(join(dir, "local_token"), "utf8").trim()));
  return found;
}

/** Everything that a folder holds, but for the files that are named. */
export function bytesOfFolder(folder: string, except: RegExp): Buffer {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => !except.test(name));
  const paths = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return Buffer.concat(paths.map((path) => readFileSync(path)));
}
