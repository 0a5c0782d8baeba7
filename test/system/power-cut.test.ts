import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openAfterCut, replayTrace, straceArguments, type TraceMoment } from "../support/power-cut.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { webSocketTexts } from "../support/web-socket-texts.ts";

const messages = 24;
const program = fileURLToPath(new URL("../support/traced-mesh.ts", import.meta.url));
const traceable = spawnSync("strace", ["-V"]).status === 0;
const skip = traceable ? false : "strace is not installed: apt-get install strace";

/** What was promised to somebody in a run, and how much of that a power cut at that very moment would have lost. */
interface Promises {
  made: number;
  broken: number;
}

interface Findings {
  /** 202 of the local API: the row is in the outbox. */
  readonly queued: Promises;
  /** send_ack of the broker: record and message are in the store. */
  readonly accepted: Promises;
  /** push_ack of the receiving daemon: the message is in the inbox. */
  readonly delivered: Promises;
}

test("a power cut right after any 202, broker acknowledgement or push_ack loses nothing that it promised", {
  skip,
}, async (t) => {
  const { queued, accepted, delivered } = await cutEverywhere(t);
  assert.deepEqual(
    { queued, accepted, delivered },
    {
      queued: { made: messages, broken: 0 },
      accepted: { made: messages, broken: 0 },
      delivered: { made: delivered.made, broken: 0 },
    },
  );
  assert.ok(delivered.made > 0);
});

test("the same cuts find the loss when the databases are told not to sync", { skip }, async (t) => {
  const { queued, accepted, delivered } = await cutEverywhere(t, "PRAGMA synchronous = OFF;");
  for (const { made, broken } of [queued, accepted, delivered]) assert.ok(broken > 0, `${broken} of ${made} broken`);
});

async function cutEverywhere(t: TestContext, pragmas?: string): Promise<Findings> {
  const folder = tempFolder(t);
  const trace = join(folder, "trace");
  const run = [process.execPath, program, folder, String(messages), ...(pragmas === undefined ? [] : [pragmas])];
  const child = spawn("strace", straceArguments(trace, run), { stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(code, 0, "the traced run ended well");
  const findings: Findings = { queued: none(), accepted: none(), delivered: none() };
  let cuts = 0;
  replayTrace(trace, /\/(outbox|inbox|broker)\.db(-wal)?$/, (moment) => {
    const after = (owner: string, name: string) =>
      openAfterCut(imageOf(moment, join(folder, owner)), join(folder, `cut-${cuts++}`), name);
    judge(moment.sent, findings, after);
  });
  return findings;
}

function judge(sent: Buffer, findings: Findings, after: (owner: string, name: string) => DatabaseSync): void {
  if (sent.includes("HTTP/1.1 202 ")) {
    const ids = [...sent.toString("latin1").matchAll(/"client_message_id":"(message-\d+)"/g)].map(
      (found) => found[1] ?? "",
    );
    check(findings.queued, after("alice", "outbox.db"), ids, "SELECT 1 AS yes FROM outbox WHERE client_message_id = ?");
  }
  for (const text of webSocketTexts(sent)) {
    const frame = JSON.parse(text) as {
      type: string;
      items?: { client_message_id: string; status: number }[];
      acks?: { seq: number }[];
    };
    if (frame.type === "send_ack") {
      const ids = (frame.items ?? []).filter(({ status }) => status === 201).map((item) => item.client_message_id);
      check(
        findings.accepted,
        after("broker", "broker.db"),
        ids,
        "SELECT 1 AS yes FROM client_message_dedupe JOIN message_queue USING (mesh_id, seq) WHERE client_message_dedupe.client_message_id = ?",
      );
    }
    if (frame.type === "push_ack")
      check(
        findings.delivered,
        after("bob", "inbox.db"),
        (frame.acks ?? []).map(({ seq }) => seq),
        "SELECT 1 AS yes FROM inbox WHERE seq = ?",
      );
  }
}

function check(promises: Promises, db: DatabaseSync, promised: readonly (string | number)[], query: string): void {
  promises.made += promised.length;
  try {
    const found = db.prepare(query);
    promises.broken += promised.filter((value) => found.get(value) === undefined).length;
  } catch {
    // Not even the tables had reached the disk.
    promises.broken += promised.length;
  } finally {
    db.close();
  }
}

function imageOf(moment: TraceMoment, folder: string): ReadonlyMap<string, Buffer> {
  return new Map([...moment.image()].filter(([path]) => path.startsWith(folder)));
}

function none(): Promises {
  return { made: 0, broken: 0 };
}
