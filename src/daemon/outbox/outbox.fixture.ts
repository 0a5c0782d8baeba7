import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { silentLog } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { localFingerprint } from "../../protocol/fingerprint.ts";
import { bodyHash } from "../../protocol/fingerprint.ts";
import type { VoidAnswer } from "../../protocol/frames.ts";
import type { AcceptedRequest, Outbox } from "../parts.ts";
import { createOutbox, type OutboxOptions } from "./outbox.ts";
import type { OutboxRow } from "./row.ts";
import { testSealer } from "./sealer.fixture.ts";

export const meshId = "0198f0a0-0000-7000-8000-000000000001";
export const me = "a".repeat(64);

/** An outbox on a file of its own, under a clock that stands still. */
export interface OutboxBench {
  readonly path: string;
  outbox: Outbox;
  readonly clock: ManualClock;
  /** What the broker says of ids to be voided; null: it cannot be reached. */
  voids: ((wireIds: readonly string[]) => readonly VoidAnswer[]) | null;
  /** Rows whose stages were told, in order. */
  readonly told: OutboxRow[];
  readonly sealer: ReturnType<typeof testSealer>;
  /** As after a crash: closed without a word and opened again on the same file. */
  reopen(more?: Partial<OutboxOptions>): Promise<void>;
  close(): Promise<void>;
  /** Removes the files of an outbox that cannot be closed. */
  abandon(): void;
}

export async function outboxBench(more: Partial<OutboxOptions> = {}): Promise<OutboxBench> {
  const folder = mkdtempSync(join(tmpdir(), "cm-outbox-"));
  const clock = createManualClock();
  const told: OutboxRow[] = [];
  const sealer = testSealer({ meshId, memberId: me });
  const open = async (extra: Partial<OutboxOptions>): Promise<Outbox> => {
    const outbox = createOutbox({
      path: join(folder, "outbox.db"),
      meshId,
      memberId: me,
      clock,
      log: silentLog,
      readyFor: (destination) => sealer.readyFor(destination),
      seal: (row, body, version) => sealer.seal(row, body, version),
      recipientKey: (memberId) => sealer.recipientKey(memberId),
      voidIds: async (ids) => {
        if (bench.voids === null) throw new ClaudemeshError("broker_unreachable", "away");
        return bench.voids(ids);
      },
      onStages: async (rows) => void told.push(...rows),
      onPressure: () => undefined,
      fatal: (error) => {
        throw error;
      },
      random: () => 0.5,
      ...extra,
    });
    await outbox.start();
    return outbox;
  };
  const bench: OutboxBench = {
    path: join(folder, "outbox.db"),
    outbox: await open(more),
    clock,
    voids: null,
    told,
    sealer,
    async reopen(extra = more) {
      await bench.outbox.stop();
      bench.outbox = await open(extra);
    },
    async close() {
      await bench.outbox.stop();
      bench.abandon();
    },
    abandon: () => rmSync(folder, { recursive: true, force: true }),
  };
  return bench;
}

/** A send as the local API hands it over. `to` is one letter: that member. */
export function request(id: string, to: string, text: string, fields: Partial<AcceptedRequest> = {}): AcceptedRequest {
  const body = Buffer.from(text);
  const contentType = "text/plain; charset=utf-8";
  return {
    client_message_id: id,
    minted: false,
    fingerprint: (version) =>
      localFingerprint(
        {
          meshId,
          ref: `@${to}`,
          replyTo: "",
          priority: "next",
          meta: "",
          mentions: [],
          contentType,
          bodyHash: bodyHash(body),
        },
        version,
      ),
    to: `@${to}`,
    destination_kind: "dm",
    destination_ref: to.repeat(64),
    body,
    content_type: contentType,
    priority: "next",
    meta: "",
    mentions: [],
    reply_to: null,
    ...fields,
  };
}
