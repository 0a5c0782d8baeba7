import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { editConfig } from "../../protocol/edit-config.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type ConfigAccess, commandFor } from "./config-access.ts";
import { valueText } from "./config-value.ts";

/**
 * Writes one key, or takes it out where `value` is null. What comes of it is read by the reader that daemon and broker
 * use before it is written: a file that is wrong may be mended so, and one that would be wrong stays as it is.
 */
export function writeKey(access: ConfigAccess, key: string, value: unknown): Written {
  const { file, source } = access;
  const [before, wrong] = readPresent(file, source);
  const [table = "", name = ""] = key.split(".");
  let edited: string;
  let after: Settings;
  try {
    edited = editConfig(source, file.path, { table, key: name, value });
    after = file.read(edited);
  } catch (thrown) {
    // What is wrong with the file as it stands says more than what this change could not mend.
    throw wrong ?? thrown;
  }
  if (edited !== source) write(access, edited);
  return { before, after, edited };
}

interface Written {
  /** null: what stood there could not be read. */
  readonly before: Settings | null;
  readonly after: Settings;
  /** The file as it is now. */
  readonly edited: string;
}

/** As {@link writeKey}, and tells what it did and what puts it in force. */
export async function changeConfig(
  context: CommandContext,
  access: ConfigAccess,
  key: string,
  value: unknown,
): Promise<number> {
  const { file } = access;
  const { out } = context;
  const { before, after, edited } = writeKey(access, key, value);
  const changed = !isDeepStrictEqual(before?.[key], after[key]);
  const setting = file.keys.find((known) => known.key === key);
  const command = changed ? await commandFor(context, access, setting?.live === true) : { reload: null, restart: null };
  if (context.flag("json")) {
    out.json({ path: file.path, key, value: after[key] ?? null, before: before?.[key] ?? null, ...command });
    return exitCodes.ok;
  }
  const is = `${key} ${changed ? "is now" : "is"} ${printable(valueText(after[key] ?? null))}`;
  out.line(`${is}${value === null ? " (default)" : ""}${changed ? "" : " (it was already)"}`);
  if (command.reload !== null) out.note(`next: ${command.reload}`);
  if (command.restart !== null) out.note(`notice: this setting is read at the start: ${command.restart}`);
  noteAbove(context, access, edited, key);
  return exitCodes.ok;
}

/** A value that stands above the file keeps the one that was just written out of force. */
function noteAbove({ out }: CommandContext, { file }: ConfigAccess, edited: string, key: string): void {
  let given: ReturnType<typeof file.given>[string] | undefined;
  try {
    given = file.given(edited)[key];
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError)) throw thrown;
    return out.note(`notice: ${printable(thrown.message)}`);
  }
  if (given?.name !== undefined && given.name !== null)
    out.note(`notice: ${given.name} stands above the file: ${key} is ${printable(valueText(given.value))}`);
}

type Settings = ReturnType<ConfigAccess["file"]["read"]>;

/** The settings of the file, or what is wrong with it: then nobody has read a value from it. */
function readPresent(file: ConfigAccess["file"], source: string): [Settings, null] | [null, ClaudemeshError] {
  try {
    return [file.read(source), null];
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError && thrown.code === "invalid_config") return [null, thrown];
    throw thrown;
  }
}

function write({ dir, file, of }: ConfigAccess, text: string): void {
  if (!existsSync(dir))
    throw new ClaudemeshError("not_running", `there is no ${of} in ${dir} yet`, { hint: "claudemesh up makes it" });
  writeFileAtomic(file.path, text);
}
