import { judges } from "./match.ts";
import { operations } from "./operations.ts";
import { check, checkKeys, checkName, listIn, numberIn, objectIn, textIn, type Written } from "./read-written.ts";
import type { HostAction } from "./running-mesh.ts";
import type { ClientPlan, Deed, Outcome, RawRequest, Step } from "./scenario.ts";
import type { ScriptedAnswer } from "./scripted-daemon.ts";

/** What a step may name. */
interface Cast {
  readonly clients: ReadonlyMap<string, ClientPlan>;
  readonly members: readonly string[];
}

/** Reads what one kind of step does; its own key is its first. */
type Reader = (where: string, written: Written, cast: Cast) => Deed;

const outcomeKeys = ["gives", "becomes", "fails"];
const commonKeys = [...outcomeKeys, "note", "each"];

/** Kinds of steps by their own key, with the other keys that each may have. */
const kinds: Readonly<Record<string, { readonly keys: readonly string[]; readonly read: Reader }>> = {
  ...Object.fromEntries(
    (["stop", "start", "kill", "freeze", "thaw"] as const).map((action) => [
      action,
      { keys: [], read: hostAction(action) },
    ]),
  ),
  end: { keys: [], read: (where, written) => ({ kind: "end", of: textIn(where, written, "end") }) },
  lose_answers: { keys: ["path", "count", "after_bytes", "hold"], read: readLose },
  release: {
    keys: [],
    read: (where, written, cast) => ({
      kind: "release",
      of: clientIn(where, written, "release", cast, ["proxy"]),
    }),
  },
  cut: {
    keys: ["hold"],
    read: (where, written, cast) => ({
      kind: "cut",
      of: clientIn(where, written, "cut", cast, ["proxy"]),
      hold: written["hold"] === true,
    }),
  },
  script: { keys: ["answers"], read: readScript },
  seen: { keys: ["path"], read: readSeen },
  http: { keys: [], read: readHttp },
  home: { keys: ["daemons"], read: readHome },
};

export function readStep(where: string, value: unknown, cast: Cast): Step {
  const written = objectIn(where, value);
  const keys = Object.keys(written);
  const client = keys.find((key) => cast.clients.has(key));
  const kind = keys.find((key) => Object.hasOwn(kinds, key));
  if (client === undefined && kind === undefined) {
    const other = keys.find((key) => !commonKeys.includes(key) && key !== "with" && key !== "begin") ?? "nothing";
    checkName(where, "client or action", other, [...cast.clients.keys(), ...Object.keys(kinds)]);
  }
  const reader = client === undefined ? kinds[kind ?? ""] : { keys: ["with", "begin"], read: readCall(client) };
  check(reader !== undefined, where, "the step does nothing");
  checkKeys(where, written, [client ?? kind ?? "", ...reader.keys, ...commonKeys]);
  const does = reader.read(where, written, cast);
  const each = written["each"] === undefined ? [] : listIn(where, written, "each");
  return { written, does, outcome: readOutcome(where, written), each };
}

function readCall(client: string): Reader {
  return (where, written) => {
    const op = textIn(where, written, client);
    checkName(where, "operation", op, Object.keys(operations));
    const members = written["with"] === undefined ? {} : objectIn(where, written["with"]);
    for (const member of Object.keys(members)) checkName(where, `member of ${op}`, member, operations[op] ?? []);
    const begin = written["begin"] === undefined ? null : textIn(where, written, "begin");
    check(
      begin === null || outcomeKeys.every((key) => written[key] === undefined),
      where,
      "what was begun is judged where it ends",
    );
    return { kind: "call", client, op, with: members, begin };
  };
}

function hostAction(action: HostAction): Reader {
  return (where, written, { members }) => {
    const program = textIn(where, written, action);
    checkName(where, "program", program, ["broker", ...members]);
    return { kind: "host", action, program };
  };
}

function readLose(where: string, written: Written, cast: Cast): Deed {
  return {
    kind: "lose",
    of: clientIn(where, written, "lose_answers", cast, ["proxy"]),
    rule: {
      path: textIn(where, written, "path"),
      count: written["count"] === undefined ? 1 : numberIn(where, written, "count"),
      afterBytes: written["after_bytes"] === undefined ? 0 : numberIn(where, written, "after_bytes"),
      hold: written["hold"] === true,
    },
  };
}

const answerKeys = ["path", "status", "headers", "json", "text", "cut_after"];

function readScript(where: string, written: Written, cast: Cast): Deed {
  const of = clientIn(where, written, "script", cast, ["script"]);
  const answers = listIn(where, written, "answers").map((answer) => {
    checkKeys(where, objectIn(where, answer), answerKeys);
    return answer as ScriptedAnswer;
  });
  return { kind: "script", of, answers };
}

function readSeen(where: string, written: Written, cast: Cast): Deed {
  const path = written["path"] === undefined ? undefined : textIn(where, written, "path");
  return { kind: "seen", by: clientIn(where, written, "seen", cast, ["proxy", "script"]), path };
}

const requestKeys = ["to", "over", "method", "path", "headers", "json", "text", "base64url"];

function readHttp(where: string, written: Written, { members }: Cast): Deed {
  const request = objectIn(where, written["http"]);
  checkKeys(where, request, requestKeys);
  checkName(where, "member", textIn(where, request, "to"), members);
  textIn(where, request, "path");
  return { kind: "http", request: request as unknown as RawRequest };
}

function readHome(where: string, written: Written, { members }: Cast): Deed {
  const daemons = objectIn(where, written["daemons"]) as Readonly<Record<string, string>>;
  for (const member of Object.values(daemons)) checkName(where, "member", String(member), members);
  return { kind: "home", name: textIn(where, written, "home"), daemons };
}

/** A client that stands over one of these. */
function clientIn(
  where: string,
  written: Written,
  key: string,
  { clients }: Cast,
  over: readonly ClientPlan["over"][],
): string {
  const name = textIn(where, written, key);
  checkName(where, "client", name, [...clients.keys()]);
  check(over.includes(clients.get(name)?.over ?? "nothing"), where, `${name} is not over a ${over.join(" or a ")}`);
  return name;
}

function readOutcome(where: string, written: Written): Outcome {
  const said = outcomeKeys.filter((key) => Object.hasOwn(written, key));
  check(said.length <= 1, where, `${said.join(" and ")}: one of them`);
  const [key] = said;
  checkExpected(where, written[key ?? ""]);
  if (key === "fails") return { kind: "fails", with: written["fails"] };
  if (key === "becomes") return { kind: "becomes", gives: written["becomes"] };
  return { kind: "succeeds", gives: key === undefined ? {} : written["gives"] };
}

/** Names that begin with `$` are words of the format: one that is none would otherwise be a member that is never there. */
function checkExpected(where: string, expected: unknown): void {
  if (typeof expected !== "object" || expected === null) return;
  for (const [name, inner] of Object.entries(expected)) {
    if (name.startsWith("$"))
      checkName(where, "judgement", name, [...Object.keys(judges), "$repeat", "$times", "$text"]);
    checkExpected(where, inner);
  }
}
