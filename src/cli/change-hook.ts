import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../base/atomic-file.ts";
import { findDaemonDir } from "../client/find-daemon.ts";
import { editConfig } from "../protocol/edit-config.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseHooksConfig } from "../protocol/hooks-config.ts";
import type { CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { unbroken } from "./printable.ts";

/**
 * Switches a hook on or off in hooks.toml, where comments and everything else stay, and has a running daemon read it. A file that
 * would be wrong afterwards stays as it is.
 */
export async function changeHook(context: CommandContext, hook: string, enabled: boolean): Promise<number> {
  const { out } = context;
  const dir = findDaemonDir(context.home, context.mesh);
  const path = join(dir, "hooks.toml");
  // A pipe in its place would be waited for, and a link replaced.
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw new ClaudemeshError("invalid_config", `${path} is not a file of its own`, {
      hint: "put the file itself there, and no link",
      details: { path },
    });
  const source = readFileIfPresent(path)?.toString("utf8") ?? "";
  const was = parseHooksConfig(source, path).get(hook)?.enabled ?? false;
  if (was !== enabled) {
    const edited = editConfig(source, path, { table: hook, key: "enabled", value: enabled });
    parseHooksConfig(edited, path);
    writeFileAtomic(path, edited);
  }
  const running = await putInForce(context);
  const fault = enabled ? await faultOf(context, hook, running, dir) : null;
  if (context.flag("json")) {
    out.json({ hook, enabled, before: was, path, in_force: running, fault });
    return exitCodes.ok;
  }
  out.line(
    `${hook} is ${was === enabled ? "" : "now "}${enabled ? "enabled" : "disabled"}${was === enabled ? " (it was already)" : ""}`,
  );
  if (fault !== null) out.note(`notice: it does not run yet: ${unbroken(fault)}`);
  if (!running) out.note("it is in force from the next start on: claudemesh up");
  return exitCodes.ok;
}

/** False: no daemon runs that would have to read it. */
async function putInForce({ client, signal }: CommandContext): Promise<boolean> {
  try {
    await client().reload({ signal });
    return true;
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code === "not_running") return false;
    throw thrown;
  }
}

async function faultOf(
  { client, signal }: CommandContext,
  hook: string,
  running: boolean,
  dir: string,
): Promise<string | null> {
  if (!running) {
    const path = join(dir, "hooks", hook);
    return existsSync(path) ? null : `${path} is not there`;
  }
  const { off, hooks } = await client().hooks.list({ signal });
  return off ?? hooks.find((one) => one.hook === hook)?.fault ?? null;
}
