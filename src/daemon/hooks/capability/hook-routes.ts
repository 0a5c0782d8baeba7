import { operation, type Reply, type Route } from "../../../http/route.ts";
import { contentShape, sendAliases, sendShape } from "../../../http/send.schema.ts";
import { described, optional, type Reading, text } from "../../../http/shape.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { CapabilityScope } from "../../../protocol/hook-settings.ts";
import { limits } from "../../../protocol/limits.ts";
import type { SendResult } from "../../../protocol/local-api.ts";
import { sendResult } from "../../localapi/answers/send.schema.ts";
import type { HookActions, HookMessage } from "../containment.ts";
import type { GrantedScope } from "./scope.ts";

const keyBounds = { minLength: 1, maxLength: limits.hookKeyCharsMax, pattern: "^[\\x21-\\x7e]+$" };

const postShape = {
  to: sendShape.to,
  ...contentShape,
  reply_to: sendShape.reply_to,
  client_message_id: described(
    optional(text()),
    "Of this event and hook alone: a rerun of the hook that names it again sends nothing twice. Absent: the number of the message",
    keyBounds,
  ),
};

const answers = [
  { status: 200, description: "Known, and accepted by the broker already", body: sendResult },
  { status: 202, description: "Kept here, where `durability` says", body: sendResult },
] as const;

/** Does what a request asks for, if the token still holds, and answers it. */
export type Done = (
  scope: CapabilityScope | "none",
  to: string | null,
  doing: () => Promise<SendResult>,
) => Promise<Reply>;

/** What the token of one run may do. */
export function hookRoutes(granted: readonly GrantedScope[], actions: HookActions, done: Done): readonly Route[] {
  let sent = 0;
  const destinations = granted.filter((scope) => scope.scope !== "reply:event");
  const reply = operation({
    name: "reply",
    method: "POST",
    path: "/v1/reply",
    summary: "Answer the message that the hook runs for; a second answer to it is none",
    body: contentShape,
    answers,
    handle: ({ body }) => done("reply:event", null, () => actions.reply(body)),
  });
  const send = operation({
    name: "send",
    method: "POST",
    path: "/v1/send",
    summary: "Send to the one destination that the token is for",
    body: postShape,
    aliases: sendAliases,
    answers,
    errors: ["capability_refused"],
    handle: ({ body }) => {
      const scope = destinations.find(({ to }) => to === body.to)?.scope ?? "none";
      const { to } = body;
      return done(scope, to.slice(0, limits.hookShownCharsMax), async () => {
        if (scope === "none") {
          throw new ClaudemeshError("capability_refused", "this token is for another destination", {
            hint: `it is for ${destinations.map((destination) => destination.to).join(" and ")}`,
            details: { to: to.slice(0, limits.hookShownCharsMax) },
          });
        }
        return actions.send(readMessage(body, ++sent));
      });
    },
  });
  return [...(granted.length > destinations.length ? [reply] : []), ...(destinations.length > 0 ? [send] : [])];
}

function readMessage(written: Reading<typeof postShape>, ordinal: number): HookMessage {
  const { to, reply_to: replyTo, client_message_id: key, ...content } = written;
  return { to, content, replyTo, key: readKey(key) ?? `#${ordinal}` };
}

/** What a caller names begins with another letter than what is counted, so that neither is ever taken for the other. */
function readKey(written: string | undefined): string | null {
  if (written === undefined) return null;
  if (written.length > 0 && written.length <= limits.hookKeyCharsMax && /^[\x21-\x7e]+$/.test(written))
    return `=${written}`;
  throw new ClaudemeshError("invalid_id", `an id has 1 to ${limits.hookKeyCharsMax} printable ASCII characters`);
}
