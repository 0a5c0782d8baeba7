import { homedir } from "node:os";
import { join } from "node:path";
import { checkout, type LanguageName, languages } from "../languages.ts";

/** A client library, as its driver shows it. */
export interface Sdk {
  readonly name: SdkName;
  /** Starts its driver. */
  readonly command: readonly string[];
  /** What its driver's environment has besides. */
  readonly env: Readonly<Record<string, string>>;
  /** Why it cannot be driven on this machine; null: it can. */
  readonly missing: string | null;
}

export type SdkName = LanguageName | "python-asyncio";

/** Every one, in the order of the reports. */
export const sdkNames: readonly SdkName[] = ["typescript", "python", "python-asyncio", "go"];

/** That of a checkout: this one, or a copy. */
export function sdkOf(name: SdkName, root: string = checkout): Sdk {
  const language = languageOf(name);
  const args = name === "python-asyncio" ? ["--asyncio"] : [];
  const missing = languages.find((one) => one.name === language)?.missing ?? null;
  return {
    name,
    command: [join(root, "conformance/adapters", language, "drive"), ...args],
    env: envOf(language),
    missing,
  };
}

/** Drivers have a HOME of their own, with which Go would compile its whole library each time: it takes the cache of this user's. */
function envOf(language: LanguageName): Readonly<Record<string, string>> {
  return language === "go" ? { GOCACHE: process.env["GOCACHE"] ?? join(homedir(), ".cache", "go-build") } : {};
}

export function languageOf(name: SdkName): LanguageName {
  return name === "python-asyncio" ? "python" : name;
}
