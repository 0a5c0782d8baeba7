import assert from "node:assert/strict";
import { httpCall, type Target } from "../../../src/http/http-call.fixture.ts";
import { type Line, pipelined, rawAnswer } from "./pipelined.ts";
import type { Asked, Expected, Walk } from "./walk.ts";

/** Where an API is asked, and what is needed to ask it. */
export interface Ground {
  /** A listener without a token. */
  readonly plain: Target;
  /** A listener with one; null where there is none. */
  readonly tcp: { readonly port: number; readonly token: string } | null;
  /** A request that is right as written, of each operation that needs more than its method and path. */
  readonly samples: Readonly<Record<string, Asked>>;
  readonly bodyBytesMax: number;
}

const unreadable: Readonly<Record<string, string | Uint8Array>> = {
  malformed_json: "{",
  duplicate_key: '{"a":1,"a":2}',
  number_out_of_range: '{"a":9007199254740993}',
  invalid_utf8: Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
  lone_surrogate: '{"a":"\\ud800"}',
  too_deep: `{"a":${"[".repeat(40)}${"]".repeat(40)}}`,
};

/** What follows from an operation's form, whatever it does: the request that gets each code. */
function wrongForms(walk: Walk, id: string, ground: Ground): Readonly<Record<string, Asked>> {
  const { body } = walk.api.operations.get(id) ?? assert.fail(id);
  const nobodys = "a_name_nobody_uses";
  return {
    ...Object.fromEntries(Object.entries(unreadable).map(([code, text]) => [code, { body: text }])),
    // How large a file may be is the mesh's to say, and not the form's.
    ...(id === "filePut" ? {} : { body_too_large: { body: `{"a":"${"x".repeat(ground.bodyBytesMax)}"}` } }),
    unsupported_media_type: { body: "{}", headers: { "content-encoding": "gzip" } },
    unknown_field: body === null ? { query: `${nobodys}=1` } : { body: { [nobodys]: 1 } },
    invalid_field: body === null ? { query: "a=1&a=2" } : { body: "[]" },
    missing_field: body === null ? {} : { body: {} },
    token_in_query: { query: "token=x" },
  };
}

/** Provokes every refusal that an operation's form can get, on every operation that describes it. */
export async function walkForms(walk: Walk, ground: Ground): Promise<void> {
  for (const { id, path } of walk.api.operations.values()) {
    const described = walk.described(id);
    const { params = {}, headers = {} } = ground.samples[id] ?? {};
    for (const [code, asked] of Object.entries(wrongForms(walk, id, ground))) {
      const wrong = { params, ...asked, headers: { ...headers, ...asked.headers } };
      if (described.includes(code)) await walk.ask(ground.plain, id, code, wrong);
    }
    // Of an operation whose path names nothing it is said of what the query names.
    if (described.includes("not_found") && path.includes("{")) {
      const broken = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, "%zz"]));
      await walk.ask(ground.plain, id, "not_found", { params: broken, headers });
    }
    if (ground.tcp !== null) await walkGate(walk, id, params, ground.tcp);
  }
  await walkStray(walk, ground);
}

/** What the listener with a token asks of every request. */
async function walkGate(
  walk: Walk,
  id: string,
  params: Readonly<Record<string, string>>,
  tcp: { readonly port: number; readonly token: string },
): Promise<void> {
  await walk.ask({ port: tcp.port }, id, "unauthorized", { params });
  await walk.ask({ ...tcp, token: "A".repeat(43) }, id, "unauthorized", { params });
  await walk.ask(tcp, id, "host_forbidden", { params, headers: { host: "elsewhere.example" } });
  await walk.ask(tcp, id, "origin_forbidden", { params, headers: { origin: "https://elsewhere.example" } });
}

/** Requests that are of no operation. */
async function walkStray(walk: Walk, { plain, tcp, samples }: Ground): Promise<void> {
  walk.strayed("not_found", await httpCall(plain, "GET", "/nothing/here"));
  walk.strayed("protocol_error", await rawAnswer(plain, "no HTTP at all\r\n\r\n"));
  const methodsOf = Map.groupBy(walk.api.operations.values(), ({ path }) => path);
  for (const operations of methodsOf.values()) {
    const id = operations[0]?.id ?? assert.fail();
    const { path } = walk.line(id, withoutQuery(samples[id]));
    const answer = await httpCall(plain, "PATCH", path);
    walk.strayed("method_not_allowed", answer);
    const allowed = operations.map(({ method }) => method).sort();
    assert.deepEqual(String(answer.headers["allow"]).split(", ").sort(), allowed, path);
    if (tcp === null) continue;
    const headers = { origin: "https://elsewhere.example", "access-control-request-method": "POST" };
    walk.strayed("preflight_forbidden", await httpCall(tcp, "OPTIONS", path, { headers }));
  }
}

/** Asks every operation while all `places` for requests are taken by `filler`. */
export async function walkCrowd(
  walk: Walk,
  ground: Ground,
  crowd: { readonly places: number; readonly filler: Line; readonly code: string },
): Promise<void> {
  for (const id of walk.api.operations.keys()) {
    const expected = expectedAs(walk, id, crowd.code, 429);
    if (expected === null) continue;
    // Were there a place left, it would be refused for its query, and do nothing.
    const line = walk.line(id, { ...withoutQuery(ground.samples[id]), query: "nothing=1" });
    const answers = await pipelined(ground.plain, [...Array<Line>(crowd.places).fill(crowd.filler), line]);
    walk.saw(id, expected, answers.at(-1) ?? assert.fail(id));
  }
}

/** How the operation describes a code: a HEAD's answers have a status alone. Null where it does not. */
export function expectedAs(walk: Walk, id: string, code: string, status: number): Expected | null {
  const described = walk.described(id);
  return described.includes(code) ? code : described.includes(status) && id.endsWith("Head") ? status : null;
}

function withoutQuery({ params = {} }: Asked = {}): Asked {
  return { params };
}
