import type { LanguageName } from "../languages.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** A mistake in how a client speaks with its daemon. */
export interface ClientBug extends PlantedBug {
  /** The name of the scenario that has to fail with it. */
  readonly scenario: string;
}

const lostAnswer = "send: a lost answer is asked for again with the minted id";
const resumed = "events: resumed after the connection broke";
const resumedEarly = "events: resumed before the first one came";
const claimed = "queue: a claim whose answer is lost is not repeated";
const retryAfter = "answers: too many requests, and when to come again";
const gaveUp = "answers: never any";
const askedOnce = "answers: a refusal that nothing can mend";
const pages = "inbox: every page";
const token = "connect: by port and token";
const socket = "connect: by CLAUDEMESH_DAEMON_SOCK";
const laterCode = "answers: a code of a later daemon";
const fingerprint = "round trip: the local fingerprint";

/** By the SDK that they are planted in. Python's lie in what both of its clients share. */
export const clientBugs: Readonly<Record<LanguageName, readonly ClientBug[]>> = {
  typescript: [
    ...inFile("src/client/call.ts", [
      [
        lostAnswer,
        "a new id for each attempt",
        "...(body === undefined ? {} : { body }),",
        '...(body === undefined ? {} : { body: body.replace(/("client_message_id":")[^"]*/, (_all, key) => key + crypto.randomUUID()) }),',
      ],
    ]),
    ...inFile("src/client/events.ts", [
      [resumed, "a stream is opened again without Last-Event-ID", '{ "last-event-id": last }', "{}"],
      [
        resumedEarly,
        "where a stream begins is not noted",
        'last ??= eventId(stream.headers.get("last-event-id") ?? null);',
        "last ??= null;",
      ],
    ]),
    ...inFile("src/client/client.ts", [
      [claimed, "a claim is repeated", "body: choice, repeatable: false }", "body: choice, repeatable: true }"],
    ]),
    ...inFile("src/client/retry.ts", [
      [
        retryAfter,
        "Retry-After is not waited for",
        "Math.max(fullJitter(made - 1, clientBackoff), retryAfterMs(thrown))",
        "fullJitter(made - 1, clientBackoff)",
      ],
      [gaveUp, "too few attempts", "const attemptsMax = 6;", "const attemptsMax = 3;"],
      [
        askedOnce,
        "what is refused for good is asked again",
        "if (!worthRepeating || made >= attemptsMax",
        "if (made >= attemptsMax",
      ],
    ]),
    ...inFile("src/client/paged.ts", [
      [pages, "one page too few", "if (page.next_cursor === null) return;", "return;"],
    ]),
    ...inFile("src/client/http/http-client.ts", [[token, "no token", "authorization: Bearer ", "x-nothing: "]]),
    ...inFile("src/client/connect.ts", [
      [socket, "the socket of the environment is not looked at", 'env["CLAUDEMESH_DAEMON_SOCK"] ?? ""', '""'],
    ]),
    ...inFile("src/protocol/problem.ts", [
      [laterCode, "hints are dropped", '...(typeof hint === "string" ? { hint } : {})', ""],
    ]),
    ...inFile("src/client/fingerprints.ts", [
      [
        fingerprint,
        "mentions are not covered",
        "    mentions,\n    contentType,",
        "    mentions: [],\n    contentType,",
      ],
    ]),
  ],
  python: [
    ...inFile("sdk/python/src/claudemesh/_retry.py", [
      [
        retryAfter,
        "Retry-After is not waited for",
        "delay = max(self._backoff.next(), asked_s)",
        "delay = self._backoff.next() + 0 * asked_s",
      ],
      [gaveUp, "too few attempts", "ATTEMPTS_MAX: Final = 6", "ATTEMPTS_MAX: Final = 3"],
      [
        askedOnce,
        "what is refused for good is asked again",
        "if not self._repeatable or not passes or",
        "if not self._repeatable or",
      ],
      [claimed, "everything is repeated", "if not self._repeatable or not passes or", "if not passes or"],
    ]),
    ...inFile("sdk/python/src/claudemesh/_sse.py", [
      [
        resumed,
        "a stream is opened again without Last-Event-ID",
        '{} if self._last is None else {"last-event-id": self._last}',
        "{}",
      ],
      [
        resumedEarly,
        "where a stream begins is not noted",
        'self._last = _checked_id(headers.get("last-event-id"))',
        "self._last = None",
      ],
    ]),
    ...inFile("sdk/python/src/claudemesh/_http.py", [
      [
        lostAnswer,
        "a new id for each attempt",
        '+ (self.body or b"")',
        `+ __import__("re").sub(rb'(?<="client_message_id":")[0-9a-f-]{36}', lambda _: str(__import__("uuid").uuid4()).encode(), self.body or b"")`,
      ],
      [token, "no token", "authorization: Bearer {endpoint.token}", "x-nothing: 1"],
    ]),
    ...inFile("sdk/python/src/claudemesh/_discovery.py", [
      [socket, "the socket of the environment is not looked at", 'environment.get("CLAUDEMESH_DAEMON_SOCK", "")', '""'],
    ]),
    ...inFile("sdk/python/src/claudemesh/_fingerprint.py", [
      [fingerprint, "mentions are not covered", "canonical_json(mentioned), content_type)", '"[]", content_type)'],
    ]),
    ...inFile("sdk/python/src/claudemesh/_errors.py", [
      [laterCode, "hints are dropped", "hint=_printable(hint) if isinstance(hint, str) else None,", "hint=None,"],
    ]),
  ],
  go: [
    ...inFile("sdk/go/call.go", [
      [
        lostAnswer,
        "a new id for each attempt",
        "reader = bytes.NewReader(body)",
        'reader = bytes.NewReader(bytes.Replace(body, []byte("client_message_id\\":\\""), []byte(fmt.Sprintf("client_message_id\\":\\"%x", time.Now().UnixNano())), 1))',
      ],
      [claimed, "everything is repeated", "if !r.repeatable {", "if r.method == http.MethodHead {"],
    ]),
    ...inFile("sdk/go/retry.go", [
      [
        retryAfter,
        "Retry-After is not waited for",
        "max(fullJitter(made-1), retryAfter(told))",
        "min(fullJitter(made-1), retryAfter(told)+backoffCap)",
      ],
      [gaveUp, "too few attempts", "attemptsMax = 6", "attemptsMax = 3"],
      [
        askedOnce,
        "what is refused for good is asked again",
        "if !told.Retryable && !(reached && told.Code == ErrNotRunning) {",
        "if reached && made > 3 {",
      ],
    ]),
    ...inFile("sdk/go/events.go", [
      [
        resumed,
        "a stream is opened again without Last-Event-ID",
        'asked.Header.Set("Last-Event-ID", s.last)',
        'asked.Header.Set("X-Nothing", s.last)',
      ],
      [
        resumedEarly,
        "where a stream begins is not noted",
        's.last = response.Header.Get("Last-Event-ID")',
        's.last = response.Header.Get("X-Nothing")',
      ],
    ]),
    ...inFile("sdk/go/page.go", [[pages, "one page too few", 'if p.NextCursor == "" {', 'if p.NextCursor != "?" {']]),
    ...inFile("sdk/go/transport.go", [[token, "no token", '"Bearer "+where.token', '"Bearer "']]),
    ...inFile("sdk/go/target.go", [
      [
        socket,
        "the socket of the environment is not looked at",
        'os.Getenv("CLAUDEMESH_DAEMON_SOCK")',
        'os.Getenv("CLAUDEMESH_NOTHING")',
      ],
    ]),
    ...inFile("sdk/go/errors.go", [
      [
        laterCode,
        "hints are dropped",
        "newError(ErrorCode(code), printable(message), printable(hint))",
        "newError(ErrorCode(code), printable(message), printable(hint[:0]))",
      ],
    ]),
    ...inFile("sdk/go/fingerprint.go", [[fingerprint, "mentions are not covered", "request.Mentions,", "nil,"]]),
  ],
};

/** Bugs of one file. Each is the scenario, a name, what stands there, and what is put in its place. */
function inFile(
  file: string,
  bugs: readonly (readonly [scenario: string, name: string, find: string, replace: string])[],
): readonly ClientBug[] {
  return bugs.map(([scenario, name, find, replace]) => ({ scenario, name, file, find, replace }));
}
