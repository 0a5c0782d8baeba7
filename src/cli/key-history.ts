import type { TopicKeyView } from "../protocol/local-api.ts";
import type { Command } from "./command.ts";
import { unbroken } from "./printable.ts";

export const histories = ["all", "joined"] as const;

export const historyOption = {
  history: {
    type: "string",
    value: "WHOSE",
    help: "all: who comes later gets the earlier keys too, the default; joined: only what is sealed from then on",
  },
} as const satisfies Command["options"];

const idShown = 12;

export function keyText({ epoch_id, history, created_at }: TopicKeyView): string {
  return `${unbroken(epoch_id).slice(0, idShown)}, history ${history}, made ${unbroken(created_at)}`;
}
