import type { CallToolResult, McpServer, ServerContext } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import type { Client } from "../client/client.ts";
import type { CallOptions } from "../client/deadline.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { AnswersKept } from "./answers-kept.ts";
import { derivedKey } from "./call-key.ts";
import type { DaemonAccess } from "./daemon-access.ts";
import { mcpLimits } from "./mcp-limits.ts";
import type { Afterwards, Sendings } from "./sendings.ts";
import type { Session } from "./session.ts";
import { sharedAfterwards } from "./shared-afterwards.ts";
import { errorResult } from "./tool-error.ts";

/** One tool of the server, alone in its file. */
export interface ToolDefinition<In extends z.ZodObject, Out extends z.ZodObject> {
  /** A verb, or a word for what is shown. */
  readonly name: string;
  readonly title: string;
  /** What the model reads before it calls: short, what it does and what its answer means. */
  readonly description: string;
  readonly input: In;
  readonly output: Out;
  /** It changes nothing, wherever. */
  readonly readsOnly?: boolean;
  /**
   * Whose work it is that a repeated key does nothing twice: the daemon's, for which the key is the message's id, or
   * this process's, which keeps the answer.
   */
  readonly repeats: "daemon" | "here" | "harmless";
  run(input: z.output<In>, call: Call): Promise<Answer<z.output<Out>>>;
}

/** What a tool may use for one call. */
export interface Call {
  /** Given, or derived: the id of what this call does. */
  readonly key: string;
  readonly session: Session;
  /** Ended when the client gives the call up. */
  readonly signal: AbortSignal;
  now(): number;
  ask<T>(work: (client: Client, options: CallOptions) => Promise<T>, options?: CallOptions): Promise<T>;
}

export interface Answer<T> {
  /** For the model. */
  readonly text: string;
  /** For programs, by the tool's output schema. */
  readonly structured: T;
  /** Done once the result has gone out, or could not. */
  readonly afterwards?: Afterwards;
}

/** What all calls of one client share. */
export interface Calls {
  readonly nonce: string;
  readonly daemon: DaemonAccess;
  readonly session: Session;
  readonly sendings: Sendings;
  readonly answers: AnswersKept;
  readonly clock: Clock;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schemas, for whoever describes it elsewhere. */
  readonly schemas: { readonly input: ObjectSchema; readonly output: ObjectSchema };
  register(server: McpServer, calls: Calls): void;
}

export interface ObjectSchema {
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
}

export interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly description?: string;
}

/** The argument that every tool takes which does something. */
export const idempotencyKey = {
  idempotency_key: z
    .string()
    .min(1)
    .max(limits.clientMessageIdCharsMax)
    .optional()
    .describe("Repeat a call with the key of its first try, and it is done once. Not needed for a first try."),
};

export function tool<In extends z.ZodObject, Out extends z.ZodObject>(definition: ToolDefinition<In, Out>): Tool {
  const { name, title, description, input, output, readsOnly = false } = definition;
  return {
    name,
    description,
    // Made when they are asked for: a server that starts needs none of it yet.
    get schemas() {
      return { input: z.toJSONSchema(input) as ObjectSchema, output: z.toJSONSchema(output) as ObjectSchema };
    },
    register(server, calls) {
      const guarded = guardedCall(definition, calls);
      server.registerTool(
        name,
        {
          title,
          description,
          inputSchema: input as z.ZodObject,
          outputSchema: output as z.ZodObject,
          annotations: {
            readOnlyHint: readsOnly,
            destructiveHint: false,
            idempotentHint: readsOnly,
            openWorldHint: true,
          },
        },
        // The server has validated the arguments by the schema that this type is made of.
        (given, ctx) => guarded(given as z.output<In>, ctx),
      );
    },
  };
}

function guardedCall<In extends z.ZodObject, Out extends z.ZodObject>(
  definition: ToolDefinition<In, Out>,
  calls: Calls,
): (given: z.output<In>, ctx: ServerContext) => Promise<CallToolResult> {
  let running = 0;
  return async (given, ctx) => {
    const { id, signal } = ctx.mcpReq;
    const named = "idempotency_key" in given ? given["idempotency_key"] : undefined;
    const key = typeof named === "string" ? named : derivedKey(calls.nonce, id);
    const call: Call = {
      key,
      session: calls.session,
      signal,
      now: () => calls.clock.now(),
      ask: (work, options) => calls.daemon.ask(work, { signal, ...options }),
    };
    running += 1;
    try {
      if (running > mcpLimits.callsInFlightMax) throw tooManyCalls();
      const { text, structured, afterwards } = await run(definition, given, call, calls.answers);
      if (afterwards !== undefined) calls.sendings.afterResult(id, signal, afterwards);
      return { content: [{ type: "text", text }], structuredContent: structured };
    } catch (thrown) {
      return errorResult(thrown, definition.repeats === "harmless" ? null : key);
    } finally {
      running -= 1;
    }
  };
}

async function run<In extends z.ZodObject, Out extends z.ZodObject>(
  definition: ToolDefinition<In, Out>,
  given: z.output<In>,
  call: Call,
  answers: AnswersKept,
): Promise<Answer<z.output<Out>>> {
  if (definition.repeats !== "here") return definition.run(given, call);
  const { answer, shared } = await answers.once(call.key, JSON.stringify([definition.name, given]), async () => {
    const made = await definition.run(given, call);
    const { afterwards } = made;
    const forget = (): void => answers.forget(call.key);
    return { answer: made, shared: afterwards === undefined ? null : sharedAfterwards(afterwards, forget) };
  });
  return shared === null ? answer : { ...answer, afterwards: shared.use() };
}

function tooManyCalls(): ClaudemeshError {
  return new ClaudemeshError("daemon_busy", `${mcpLimits.callsInFlightMax} calls of this tool are running already`, {
    hint: "wait for their results first",
  });
}
