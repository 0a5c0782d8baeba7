import { jsonObject } from "./json-object.ts";

/** Moments of a session at which a coding agent calls its hooks, whatever it calls them. */
export type HookMoment =
  /** A session begins, anew or with the context of an earlier one. */
  | "start"
  /** Its user has said something. */
  | "prompt"
  /** A tool has been used: the turn goes on. */
  | "tool"
  /** The turn is over. */
  | "stop"
  | "end";

/** What a coding agent told a hook on its standard input. */
export interface HookInput {
  readonly moment: HookMoment;
  /** The agent's own name of it. */
  readonly event: string;
  readonly sessionId: string;
  readonly cwd: string;
  /** Of `start`: how it began. */
  readonly source: string | null;
  /** Of `prompt`. */
  readonly prompt: string | null;
  /** Of `stop`: the session goes on already because a hook asked for it, and must not be kept going by hooks for ever. */
  readonly keptGoing: boolean;
}

/** How one kind of coding agent speaks to its hooks. */
export interface HookDialect {
  readonly kind: string;
  /** Characters of text that it puts into a context whole. */
  readonly textCharsMax: number;
  /** null for what is no call of this agent, or one that changes nothing here. Never throws. */
  read(stdin: string): HookInput | null;
  /** What it is to find on standard output so that `text` comes before its model. */
  answer(input: HookInput, text: string): string;
}

/** What differs between kinds of coding agents whose hooks are told, and answer, in the form that Claude Code began. */
export interface HookWords<Event extends string> {
  readonly kind: string;
  readonly textCharsMax: number;
  readonly moments: Readonly<Record<Event, HookMoment>>;
  readonly startSources: readonly string[];
  /** `reason` of an end after which the session goes on under another id; null: there is none. */
  readonly endReasonOfClear: string | null;
  /** The decision at the end of a turn by which the session goes on with the reason that is given. */
  readonly goOn: string;
}

export function hookDialect<Event extends string>(words: HookWords<Event>): HookDialect {
  return {
    kind: words.kind,
    textCharsMax: words.textCharsMax,
    read: (stdin) => readHookInput(stdin, words),
    // A member that Codex does not know makes it refuse all of it.
    answer: ({ event, moment }, text) =>
      `${JSON.stringify(
        moment === "stop"
          ? { decision: words.goOn, reason: text }
          : { hookSpecificOutput: { hookEventName: event, additionalContext: text } },
      )}\n`,
  };
}

function readHookInput(stdin: string, words: HookWords<string>): HookInput | null {
  const fields = jsonObject(stdin);
  if (fields === null) return null;
  const word = (name: string): string | null => {
    const found = fields[name];
    return typeof found === "string" && found !== "" ? found : null;
  };
  const event = word("hook_event_name");
  const moment = event !== null && Object.hasOwn(words.moments, event) ? words.moments[event] : undefined;
  const sessionId = word("session_id");
  const cwd = word("cwd");
  if (event === null || moment === undefined || sessionId === null || cwd === null) return null;
  // The SessionStart that follows tells of the other id.
  if (moment === "end" && words.endReasonOfClear !== null && word("reason") === words.endReasonOfClear) return null;
  const source = words.startSources.find((known) => known === word("source"));
  return {
    moment,
    event,
    sessionId,
    cwd,
    source: moment === "start" ? (source ?? "startup") : null,
    prompt: moment === "prompt" ? word("prompt") : null,
    keptGoing: fields["stop_hook_active"] === true,
  };
}
