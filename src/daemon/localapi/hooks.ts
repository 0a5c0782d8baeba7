import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, invalid, optional, text, truth } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { hookNamesText, isHook } from "../../protocol/hook-names.ts";
import type { HookTestView } from "../../protocol/hooks-api.ts";
import type { HookResult } from "../hooks/execute-hook.ts";
import type { Hooks } from "../hooks/hooks.ts";
import { readReply } from "../hooks/reply.ts";
import { sampleOf } from "../hooks/sample-event.ts";
import type { Self } from "../resolve-address.ts";
import * as answers from "./answers/hooks.schema.ts";

const hookName = text({ charsMax: 128 });
const hookParams = { hook: inPath(described(hookName, "on-dm, for instance"), noSuchHook) };

/** The hooks of this daemon, what became of them, and one called to see what it does. */
export function hookRoutes({ hooks, self }: { readonly hooks: Hooks; readonly self: Self }): readonly Route[] {
  return [
    operation({
      name: "hooks",
      method: "GET",
      path: "/v1/hooks",
      summary: "The hooks that hooks.toml or an executable names, as they are now",
      answers: [{ status: 200, description: "All of them", body: answers.hooks }],
      handle: async () => ({ status: 200, body: { ...hooks.view(), containment: await hooks.containment() } }),
    }),
    operation({
      name: "hookRuns",
      method: "GET",
      path: "/v1/hooks/runs",
      summary: "Runs of hooks, newest first: those that wait, that run, and how the others ended",
      query: {
        ...pageShape,
        hook: optional(hookName),
        failed: described(optional(truth()), "Only those that did not end well"),
      },
      answers: [{ status: 200, description: "One page", body: pageOf(answers.hookRun) }],
      handle({ query }) {
        const { cursor, limit } = readPage(query);
        const filter = { hook: query.hook ?? null, failedOnly: query.failed ?? false };
        return { status: 200, body: hooks.page({ ...filter, cursor: readCursor(cursor), limit }) };
      },
    }),
    operation({
      name: "hookTest",
      method: "POST",
      path: "/v1/hooks/{hook}/test",
      summary: "Call a hook with an event that is made up, and answer what it did; no reply of it is sent",
      params: hookParams,
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "What it did, or why it did not run", body: answers.hookTest }],
      async handle({ params }) {
        if (!isHook(params.hook)) throw noSuchHook();
        const result = await hooks.runNow({ hook: params.hook, event: "test", data: sampleOf(params.hook, self) });
        return { status: 200, body: testView(params.hook, result, hooks.settings(params.hook)?.allow_reply === true) };
      },
    }),
  ];
}

function testView(hook: string, result: HookResult, mayReply: boolean): HookTestView {
  const { outcome, exit_code, signal, reason, duration_ms, enforced, output_cut, said } = result;
  const reply = mayReply && outcome === "ok" ? replyOf(result) : { replies: false, reason: null };
  return {
    hook,
    outcome,
    exit_code,
    signal,
    reason: reason ?? reply.reason,
    duration_ms,
    enforced,
    output: result.stdout.toString("utf8"),
    output_cut,
    said,
    replies: reply.replies,
  };
}

function replyOf({ stdout, output_cut: cut }: HookResult): { replies: boolean; reason: string | null } {
  if (cut) return { replies: false, reason: "its output is longer than output_size_limit" };
  try {
    return { replies: readReply(stdout) !== null, reason: null };
  } catch (thrown) {
    return { replies: false, reason: `its reply would not be sent: ${ClaudemeshError.from(thrown).message}` };
  }
}

function readCursor(cursor: string | null): number | null {
  if (cursor === null) return null;
  const id = Number(cursor);
  if (!Number.isSafeInteger(id) || id < 0) throw invalid("cursor", "is not one of this list");
  return id;
}

function noSuchHook(): ClaudemeshError {
  return new ClaudemeshError("not_found", "there is no hook of this name", {
    hint: `hooks: ${hookNamesText}`,
  });
}
