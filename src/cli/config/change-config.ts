import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { editConfig } from "../../protocol/edit-config.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type ConfigAccess, restartCommand } from "./config-access.ts";
import { valueText } from "./config-value.ts";

/**
 * Writes one key, or takes it out where `value` is null. Read before and after by the reader that daemon and broker
 * use: a file that is wrong already is refused and stays as it is, and what is written is never refused later.
 */
export async function changeConfig(
  context: CommandContext,
  access: ConfigAccess,
  key: string,
  value: unknown,
): Promise<number> {
  const { file, source } = access;
  const { out } = context;
  const before = file.read(source);
  const [table = "", name = ""] = key.split(".");
  const edited = editConfig(source, file.path, { table, key: name, value });
  const after = file.read(edited);
  const changed = !isDeepStrictEqual(before[key], after[key]);
  if (edited !== source) write(access, edited);
  const restart = changed ? await restartCommand(context, access) : null;
  if (context.flag("json")) {
    out.json({ path: file.path, key, value: after[key] ?? null, before: before[key] ?? null, restart });
    return exitCodes.ok;
  }
  const is = `${key} ${changed ? "is now" : "is"} ${printable(valueText(after[key] ?? null))}`;
  out.line(`${is}${value === null ? " (default)" : ""}${changed ? "" : " (it was already)"}`);
  if (restart !== null) out.note(`notice: settings are read at the start: ${restart}`);
  return exitCodes.ok;
}

function write({ dir, file, of }: ConfigAccess, text: string): void {
  if (!existsSync(dir))
    throw new ClaudemeshError("not_running", `there is no ${of} in ${dir} yet`, { hint: "claudemesh up makes it" });
  writeFileAtomic(file.path, text);
}
