import type { EpochRecord } from "../../protocol/epoch.ts";
import type { KeyItem, WantedWrap } from "../../protocol/membership-frames.ts";
import type { KeyChange } from "./key-store.ts";
import { textOrNull } from "./read-row.ts";

type Row = Readonly<Record<string, unknown>>;

export function readKeyItem(row: Row): KeyItem {
  const key_seq = Number(row["key_seq"]);
  switch (row["kind"]) {
    case "epoch":
      return { key_seq, kind: "epoch", record: JSON.parse(String(row["record"])) as EpochRecord };
    case "departed":
      return {
        key_seq,
        kind: "departed",
        destination: String(row["destination"]),
        member_id: String(row["member_id"]),
      };
    default: {
      const wrap = {
        epoch_id: String(row["epoch_id"]),
        member_id: String(row["member_id"]),
        sealed_to: String(row["sealed_to"]),
        sealed: String(row["sealed"]),
      };
      return { key_seq, kind: "wrap", wrap };
    }
  }
}

export function readWantedWrap(row: Row): WantedWrap {
  return {
    epoch_id: String(row["epoch_id"]),
    destination: String(row["destination"]),
    member_id: String(row["member_id"]),
  };
}

export function readKeyChange(row: Row): KeyChange {
  return {
    destination: String(row["destination"]),
    member_id: textOrNull(row["member_id"]),
    lacking: Number(row["lacking"]) === 1,
    key_seq: Number(row["key_seq"]),
  };
}
