import { readFileSync } from "node:fs";
import { ClaudemeshError } from "../protocol/error.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import type { VersionView } from "../protocol/version-api.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";

export const command: Command = {
  name: "version",
  summary: "Show the versions of this program and of the running daemon",
  usage: "version [--json]",
  options: {},
  examples: ["version"],
  related: ["doctor"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const { out } = context;
    const daemon = await daemonVersion(context);
    const own = { cli: programVersion(), node: process.version, platform: `${process.platform}-${process.arch}` };
    if (context.flag("json")) {
      out.json({ ...own, daemon });
      return exitCodes.ok;
    }
    out.line(`claudemesh ${own.cli} on Node ${own.node}, ${own.platform}`);
    if (daemon === null) {
      const slugs = context.mesh === null ? daemonDirs(context.home).map(({ slug }) => slug) : [];
      const isOneOfMany = slugs.length > 1;
      out.line(`daemon     ${isOneOfMany ? `one for each mesh, ${slugs.join(", ")}: --mesh SLUG` : "not running"}`);
    } else for (const line of daemonLines(daemon)) out.line(line);
    return exitCodes.ok;
  },
};

export function daemonLines(daemon: VersionView): string[] {
  return [
    `daemon     ${daemon.daemon} (local API ${daemon.ipc_api}, schema ${daemon.schema_version})`,
    `API        ${daemon.ipc_features.join(", ")}`,
    // A daemon of an earlier version does not tell it.
    ...(daemon.inline_bytes === undefined ? [] : [`message    at most ${daemon.inline_bytes} bytes`]),
    ...(daemon.broker_features === null ? ["broker     not connected: nothing is negotiated"] : []),
    ...featureLines(daemon),
  ];
}

/** A line for each feature that was negotiated, what of the broker's answer is left out, and what this daemon asks for at least. */
function featureLines({
  broker_features: negotiated,
  required_features: required = [],
  ignored_features: ignored,
  feature_floors: floors = {},
}: Partial<VersionView>): string[] {
  const lines = Object.entries(negotiated ?? {}).map(([name, params]) => {
    const { version, ...rest } = params as Record<string, unknown>;
    const told = Object.entries(rest).map(([parameter, value]) => unbroken(`${parameter}=${wordOf(value)}`));
    const rule = required.includes(name) ? ["(required)"] : [];
    return ["feature   ", name, wordOf(version), ...rule, ...told].join(" ");
  });
  for (const name of ignored ?? []) lines.push(`ignored    ${unbroken(name)}: the broker answers it invalidly`);
  for (const [name, parameters] of Object.entries(floors))
    for (const [parameter, least] of Object.entries(parameters))
      lines.push(`floor      ${name}.${parameter} ${least}: the daemon ends the link below it`);
  return lines;
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordOf).join(",");
  // Quoted where it could be taken for more than one word.
  return typeof value === "string" && /^[\w.:+-]+$/.test(value) ? value : JSON.stringify(value);
}

async function daemonVersion(context: CommandContext): Promise<VersionView | null> {
  try {
    return await context.client().version({ signal: context.signal, timeoutMs: 2_000 });
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError && (thrown.code === "not_running" || thrown.code === "usage")) return null;
    throw thrown;
  }
}

/** From package.json, two folders up from the sources and from what is built. */
function programVersion(): string {
  const description = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return description.version;
}
