import { readFile } from "node:fs/promises";
import type { OutboxChange } from "../client/client.ts";
import { naming } from "../client/json-profile.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseJson } from "../protocol/json-parse.ts";
import type { JsonObject } from "../protocol/json-value.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { rowNumber } from "./row-number.ts";

export const command: Command = {
  name: "outbox requeue",
  summary: "Send a pending or dead message again under a new id",
  usage: "outbox requeue <row> [--new-id ID] [--patch FILE]",
  options: {
    "new-id": { type: "string", value: "ID", help: "the new message's id; one is made when none is given" },
    patch: {
      type: "string",
      value: "FILE",
      help: "JSON object of fields to change: message or body, content_type, meta, priority",
      complete: "file",
    },
  },
  words: ["row"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["outbox list", "help delivery"],
  examples: ["outbox requeue 12", "outbox requeue 12 --patch smaller.json"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const row = rowNumber(command, positionals[0] ?? "");
    const newId = option("new-id");
    const patch = option("patch");
    const change: OutboxChange = {
      ...(newId === undefined ? {} : { new_id: newId }),
      ...(patch === undefined ? {} : { patch: await readPatch(patch) }),
    };
    const queued = await client().outbox.requeue(row, change, { signal });
    if (flag("json")) out.json(queued);
    else out.line(`queued ${queued.client_message_id} as row ${queued.outbox_id}, in place of row ${row}`);
    return exitCodes.ok;
  },
};

/** By the strict reader, which sees what JSON.parse hides; its `meta` is checked when it is sent. */
async function readPatch(path: string): Promise<NonNullable<OutboxChange["patch"]>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw usage(command, `--patch ${path}: ${ClaudemeshError.from(thrown).message}`, hint);
  }
  const value = naming(`--patch ${path}`, hint, () => parseJson(bytes));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usage(command, `--patch ${path}: not a JSON object`, hint);
  // The daemon says which of its members cannot be changed.
  return value as JsonObject;
}

const hint = "give a file that holds a JSON object";
