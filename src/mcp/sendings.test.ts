import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { type Clock, systemClock } from "../base/clock.ts";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { flushedOutput } from "./flushed-output.ts";
import { watchSendings } from "./sendings.ts";

const result = (id: number) => ({ jsonrpc: "2.0" as const, id, result: {} });

function parts(output = new PassThrough(), clock: Clock = systemClock) {
  const input = new PassThrough();
  const watched = watchSendings(new StdioServerTransport(input, flushedOutput(output)), clock);
  const seen: string[] = [];
  const note = (name: string) => ({
    sent: async () => void seen.push(`${name} sent`),
    lost: async () => void seen.push(`${name} lost`),
  });
  return { ...watched, input, output, seen, note };
}

test("a result counts as sent when the last byte has gone out, not before", async () => {
  const output = new PassThrough({ highWaterMark: 1 });
  const { transport, sendings, seen, note, settled } = parts(output);
  await transport.start();
  sendings.afterResult(1, new AbortController().signal, note("1"));
  const sending = transport.send(result(1));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, []);
  output.resume();
  await sending;
  await settled();
  assert.deepEqual(seen, ["1 sent"]);
});

test("a request that was given up is lost, before its result and after it was made", async () => {
  const { transport, sendings, seen, note, settled } = parts();
  await transport.start();
  const early = new AbortController();
  early.abort();
  sendings.afterResult(1, early.signal, note("1"));
  const late = new AbortController();
  sendings.afterResult(2, late.signal, note("2"));
  late.abort();
  await settled();
  assert.deepEqual(seen, ["1 lost", "2 lost"]);
});

test("what could not be written is lost, and so is all that waits when the client goes", async () => {
  const output = new PassThrough();
  const { transport, input, sendings, seen, note, closed, settled } = parts(output);
  await transport.start();
  sendings.afterResult(1, new AbortController().signal, note("1"));
  sendings.afterResult(2, new AbortController().signal, note("2"));
  output.destroy(new Error("broken pipe"));
  await transport.send(result(1)).catch(() => undefined);
  input.end();
  await closed;
  await settled();
  assert.deepEqual(seen.toSorted(), ["1 lost", "2 lost"]);
});

test("of one result only one of the two is told", async () => {
  const { transport, sendings, seen, note, input, closed, settled, output } = parts();
  output.resume();
  await transport.start();
  const controller = new AbortController();
  sendings.afterResult(1, controller.signal, note("1"));
  await transport.send(result(1));
  controller.abort();
  input.end();
  await closed;
  await settled();
  assert.deepEqual(seen, ["1 sent"]);
});

test("a client that closes while a result is on its way has it if it took it in time, else nobody has", async () => {
  for (const takes of [true, false]) {
    const output = new PassThrough({ highWaterMark: 1 });
    const clock = createManualClock();
    const { transport, sendings, seen, note, input, closed, settled } = parts(output, clock);
    await transport.start();
    const controller = new AbortController();
    sendings.afterResult(1, controller.signal, note("1"));
    const sending = transport.send(result(1));
    input.end();
    await closed;
    // The protocol gives up whatever it was about when a connection closes.
    controller.abort();
    assert.deepEqual(seen, []);
    if (takes) output.resume();
    else clock.advance(1_000);
    if (takes) await sending;
    await settled();
    assert.deepEqual(seen, [takes ? "1 sent" : "1 lost"]);
  }
});

test("a request that is given up while its result is being written is lost: the client drops what it gets", async () => {
  const output = new PassThrough({ highWaterMark: 1 });
  const { transport, sendings, seen, note, settled } = parts(output);
  await transport.start();
  const controller = new AbortController();
  sendings.afterResult(1, controller.signal, note("1"));
  const sending = transport.send(result(1));
  controller.abort();
  output.resume();
  await sending;
  await settled();
  assert.deepEqual(seen, ["1 lost"]);
});
