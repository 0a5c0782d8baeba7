import { basename } from "node:path";
import { daemonDirs, findDaemonDir } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { CommandContext } from "./command.ts";

/** The mesh of the pair that `up` starts: the one that the home's own broker serves. */
export const pairSlug = "local";

/**
 * Slug of the one daemon that a command of daemons means: the one that is named, else the home's own, else the only
 * one. Throws not_running or usage.
 */
export function daemonMeant({ home, mesh }: Pick<CommandContext, "home" | "mesh">): string {
  if (mesh === null && daemonDirs(home).some(({ slug }) => slug === pairSlug)) return pairSlug;
  return basename(findDaemonDir(home, mesh));
}

/** Slugs of all daemons of the home. Throws not_running when it has none. */
export function daemonsOf({ home }: Pick<CommandContext, "home">): string[] {
  const slugs = daemonDirs(home).map(({ slug }) => slug);
  if (slugs.length === 0) throw new ClaudemeshError("not_running", `${home} has no daemon`, { hint: "claudemesh up" });
  return slugs;
}
