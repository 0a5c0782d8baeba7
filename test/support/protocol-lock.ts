import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { closeCodes } from "../../src/protocol/close-codes.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";

/** A line of docs/protocol-changelog.md: the protocol as it was from then on. */
export interface LockedVersion {
  readonly version: string;
  readonly date: string;
  /** `part digest` of each part, as {@link protocolParts} writes them. */
  readonly parts: string;
  readonly change: string;
}

const protocol = new URL("../../src/protocol/", import.meta.url);
const fingerprintFile = /^fingerprint-(parts|versions|v\d+)\.ts$/;

/** What each part of the protocol is defined by. A comment or another layout of it is no change; a name is. */
const sources: Readonly<Record<string, () => readonly string[]>> = {
  frames: () => [
    "frames.ts",
    "agent-frames.ts",
    "host-frames.ts",
    "invite-frames.ts",
    "membership-frames.ts",
    "notice-frames.ts",
    "queue-frames.ts",
    "frame-shapes.ts",
    "envelope.ts",
    "feature-schemas.ts",
    "close-reason.ts",
    "invite.ts",
    "membership/entry.ts",
    "membership/read-entry.ts",
  ],
  signed: () => [
    "length-prefixed.ts",
    "signing.ts",
    "epoch.ts",
    "../daemon/sealing/header.ts",
    "../daemon/sealing/content.ts",
    ...readdirSync(protocol)
      .filter((name) => fingerprintFile.test(name))
      .sort(),
  ],
};

/** The present protocol, as one text: `frames 0123456789ab signed 0123456789ab codes 0123456789ab`. */
export function protocolParts(): string {
  const texts = Object.entries(sources).map(([part, files]): [string, string] => [
    part,
    files()
      .map((file) => withoutComments(readFileSync(new URL(file, protocol), "utf8")))
      .join("\n"),
  ]);
  texts.push(["codes", JSON.stringify([closeCodes, errorCodes])]);
  return texts
    .map(([part, text]) => `${part} ${createHash("sha256").update(text).digest("hex").slice(0, 12)}`)
    .join(" ");
}

/** The lines of the table of docs/protocol-changelog.md, newest first. */
export function lockedVersions(page: string): LockedVersion[] {
  return [...page.matchAll(/^\| (\d+\.\d+) \| (\S+) \| `([^`]+)` \| (.*) \|$/gm)].map(
    ([, version = "", date = "", parts = "", change = ""]) => ({ version, date, parts, change: change.trim() }),
  );
}

/**
 * What is wrong with a changelog for a protocol as it is now: no line for it, or one that was rewritten. `published`: the
 * lines of every state of the page that the main line has had.
 */
export function lockProblems(
  lines: readonly LockedVersion[],
  parts: string,
  published: readonly LockedVersion[],
): string[] {
  const problems: string[] = [];
  const [newest] = lines;
  if (newest?.parts !== parts)
    problems.push(
      `the protocol is not the one of version ${newest?.version ?? "none"}: was ${newest?.parts ?? "nothing"}, is ${parts}. ` +
        "Put a line with the next version, the date, these parts and what has changed on top of docs/protocol-changelog.md, " +
        "and say in docs/protocol.md what a reader needs",
    );
  for (const [index, line] of lines.entries()) {
    const older = lines[index + 1];
    if (older !== undefined && !isAbove(line.version, older.version))
      problems.push(`version ${line.version} stands above ${older.version}`);
    if (line.change.length < 10) problems.push(`version ${line.version} does not say what has changed`);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(line.date)) problems.push(`version ${line.version} has no date`);
  }
  for (const { version, parts: was } of published) {
    const now = lines.find((line) => line.version === version);
    if (now === undefined) problems.push(`version ${version} was published, and its line is gone`);
    else if (now.parts !== was) problems.push(`version ${version} was published as another protocol: ${was}`);
  }
  return problems;
}

function isAbove(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major > otherMajor || (major === otherMajor && minor > otherMinor);
}

function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s+/g, " ");
}
