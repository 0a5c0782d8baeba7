import assert from "node:assert/strict";
import { type Answer, httpCall, type Target } from "../../../src/http/http-call.fixture.ts";
import { type DescribedApi, type DescribedOperation, type DescribedResponse, describedApi } from "./described-api.ts";

/** What a request of an operation says beside its method and path. */
export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  /** Without the `?`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown;
}

/** Status of a success, or the code of a refusal. */
export type Expected = number | string;

/**
 * Holds what running programs answer against the checked-in description of their API. Every answer that is seen has to
 * be described, and at the end every answer that is described has to have been seen.
 */
export interface Walk {
  readonly api: DescribedApi;
  /** Asks, checks the answer against the description, and that it is the expected one. */
  ask(target: Target, id: string, expected: Expected, asked?: Asked): Promise<Answer>;
  /** Checks and notes an answer that was got in another way. */
  saw(id: string, expected: Expected, answer: Answer): void;
  /** As `saw`, for an answer to a request of no operation. */
  strayed(code: string, answer: Answer): void;
  /** Method and path of an operation, as they are sent. */
  line(id: string, asked?: Asked): { readonly method: string; readonly path: string };
  /** Every described answer of the operation, in the words of `Expected`. */
  described(id: string): readonly Expected[];
  /** Fails unless everything described was seen. */
  finish(): void;
}

const headersToDescribe = ["allow", "retry-after", "www-authenticate"];
const strayCodes = ["method_not_allowed", "not_found", "protocol_error", "preflight_forbidden"];

export function openWalk(name: "local-api" | "broker" | "broker-admin"): Walk {
  const api = describedApi(name);
  const seen = new Set<string>();
  const operation = (id: string): DescribedOperation => api.operations.get(id) ?? assert.fail(`no operation ${id}`);

  const walk: Walk = {
    api,
    line(id, { params = {}, query } = {}) {
      const { method, path } = operation(id);
      const filled = path.replace(/\{(\w+)\}/g, (_, param: string) => params[param] ?? assert.fail(`${id}: ${param}`));
      return { method, path: query === undefined ? filled : `${filled}?${query}` };
    },
    described: (id) => [...operation(id).responses].flatMap(([status, response]) => expectedOf(status, response)),
    async ask(target, id, expected, asked = {}) {
      const { method, path } = walk.line(id, asked);
      const { headers = {}, body } = asked;
      const answer = await httpCall(target, method, path, { headers, ...(body === undefined ? {} : { body }) });
      walk.saw(id, expected, answer);
      const schema = operation(id).body;
      if (answer.status < 300 && schema !== null)
        assert.equal(api.wrong(schema, body ?? {}), null, `${id}: the request`);
      return answer;
    },
    saw(id, expected, answer) {
      const what = `${id} ${answer.status} ${answer.text.slice(0, 400)}`;
      const response = operation(id).responses.get(answer.status);
      assert.ok(response !== undefined, `not described: ${what}`);
      check(api, response, answer, what);
      assert.equal(answer.headers["cache-control"], "no-store", what);
      const got = answer.status < 300 || response.content === undefined ? answer.status : String(answer.json["code"]);
      assert.equal(got, expected, what);
      seen.add(`${id} ${got}`);
    },
    strayed(code, answer) {
      const response = api.stray.get(code);
      assert.ok(response !== undefined, `not described: ${code}`);
      check(api, response, answer, `${code} ${answer.text}`);
      seen.add(`- ${code}`);
    },
    finish() {
      const operations = [...api.operations.keys()];
      const never = operations.filter((id) => ![...seen].some((one) => one.startsWith(`${id} `)));
      assert.deepEqual(never, [], "operations without a case");
      const wanted = operations.flatMap((id) => walk.described(id).map((expected) => `${id} ${expected}`));
      const stray = strayCodes.filter((code) => api.stray.has(code)).map((code) => `- ${code}`);
      assert.deepEqual(
        [...wanted, ...stray].filter((one) => !seen.has(one)),
        [],
        "described, and never seen",
      );
    },
  };
  return walk;
}

function expectedOf(status: number, response: DescribedResponse): Expected[] {
  const problem = response.content?.["application/problem+json"];
  if (problem === undefined) return [status];
  const [, own] = problem.schema["allOf"] as [unknown, { readonly properties: { code: { enum: string[] } } }];
  return own.properties.code.enum;
}

function check(api: DescribedApi, response: DescribedResponse, answer: Answer, what: string): void {
  checkHeaders(api, response, answer, what);
  if (response.content === undefined) {
    assert.equal(answer.text, "", what);
    return;
  }
  const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
  const content = response.content[type];
  assert.ok(content !== undefined, `${type} is not described: ${what}`);
  if (!type.endsWith("json")) return;
  const { json } = answer;
  assert.deepEqual(JSON.parse(answer.text), json, what);
  assert.equal(api.wrong(content.schema, json), null, what);
  // A later program may tell more.
  assert.equal(api.wrong(content.schema, { ...json, told_by_a_later_version: 1 }), null, what);
  if (type !== "application/problem+json") return;
  const { schemas } = api.document["components"] as { schemas: { Problem: { properties: object } } };
  const [, own] = content.schema["allOf"] as [unknown, { readonly properties: object }];
  const known = { ...schemas.Problem.properties, ...own.properties };
  assert.deepEqual(
    Object.keys(json).filter((member) => !(member in known)),
    [],
    `members that are not described: ${what}`,
  );
}

function checkHeaders(api: DescribedApi, response: DescribedResponse, answer: Answer, what: string): void {
  const described = response.headers ?? {};
  for (const [name, { required, schema }] of Object.entries(described)) {
    const value = answer.headers[name];
    if (value === undefined) assert.ok(required !== true, `no ${name}: ${what}`);
    else
      assert.equal(api.wrong(schema, schema["type"] === "integer" ? Number(value) : value), null, `${name}: ${what}`);
  }
  for (const name of headersToDescribe)
    assert.ok(name in described || answer.headers[name] === undefined, `${name} is not described: ${what}`);
  for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control-/, what);
}
