import type { HelloFrame } from "../../protocol/frames.ts";
import { replaceLink } from "../fleet/ended.ts";
import { isOwnInstance, type LinkPlace, type RaisedLink } from "../store/link-store.ts";
import type { MemberRow } from "../store/store.ts";
import { OpeningRefused } from "./hello.ts";
import type { LinkParts } from "./link-parts.ts";

/** What else is said of it, for who reads the audit log. */
const outcomes: Readonly<Record<LinkPlace, string>> = {
  receives: "a second daemon uses this identity; the older link was closed",
  sends: "a second daemon uses this identity; it only sends, since the mesh allows both",
  refused: "a second daemon uses this identity; it was refused, as the mesh's policy says",
};

/**
 * What a hello's place means for the member's other links, by wire.md §1: the same daemon's half-open ones go silently, and another daemon's
 * that still receives is closed where this one takes its place; one at another broker is closed there as soon as that hears of it. A second
 * daemon is an audit event, always, whatever becomes of it.
 */
export function settleOthers(
  hello: HelloFrame,
  { before, raised }: { readonly before: MemberRow; readonly raised: RaisedLink },
  parts: LinkParts,
): void {
  const { place } = raised;
  const links = parts.registry.ofMember(hello.mesh_id, hello.member_id);
  const live = links.find(({ receives }) => receives) ?? null;
  if (place === "refused") {
    const other = raised.other?.instance_id ?? null;
    tellConcurrent(hello, raised, live?.connectionId ?? "at another broker", parts);
    const why = raised.policy === "allow_concurrent" ? "as many daemons as may are" : "another daemon is";
    throw new OpeningRefused("member_already_connected", `${why} connected as this member`, {
      other_instance_id: other,
    });
  }
  // Numbers of links are compared within one life of the store: a later one may have lost the newest.
  if (place === "receives" && live !== null && live.life === raised.life && live.linkEpoch > raised.link_epoch)
    throw new OpeningRefused("replaced_by_newer_connection", "a newer link of this member opened meanwhile", {
      other_instance_id: live.instanceId,
    });
  for (const link of links) {
    if (isOwnInstance(link.instanceId, hello)) replaceLink(link, null, parts);
    else if (link.receives && place === "receives") replaceLink(link, hello.instance_id, parts);
  }
  const connection = raised.other?.elsewhere === true ? "at another broker" : (live?.connectionId ?? "");
  tellConcurrent(hello, raised, connection, parts);
  const absent = usedMeanwhile(hello, before, raised);
  if (absent !== null) tellSecond(hello, { ...raised, other: absent, connection: "closed", said: meanwhile }, parts);
}

const meanwhile =
  "a second daemon has used this identity while this one's link was down; or the store is an older copy of itself";

/**
 * The daemon that comes back has had a link in this very process, and since then another one had the member's receiving link: whoever has the
 * keys may have taken it by naming this one as its own process before, or in a moment without a link, and be gone again.
 */
function usedMeanwhile(hello: HelloFrame, before: MemberRow, { other, policy }: RaisedLink): string | null {
  const wasHere = hello.previous_instance_id === hello.instance_id;
  // Where several daemons are allowed, who receives changes between them, and each was told of when it came.
  if (!wasHere || other !== null || policy === "allow_concurrent") return null;
  return before.instance_id === hello.instance_id ? null : before.instance_id;
}

function tellConcurrent(hello: HelloFrame, raised: RaisedLink, connection: string, parts: LinkParts): void {
  const { other, place } = raised;
  if (other === null || isOwnInstance(other.instance_id, hello)) return;
  tellSecond(hello, { ...raised, other: other.instance_id, connection, said: outcomes[place] }, parts);
}

interface Second extends Pick<RaisedLink, "place" | "policy"> {
  readonly other: string;
  readonly connection: string;
  readonly said: string;
}

function tellSecond(hello: HelloFrame, { other, connection, place, policy, said }: Second, parts: LinkParts): void {
  const { mesh_id, member_id, instance_id } = hello;
  parts.metrics.concurrentConnections.inc({ mesh: mesh_id });
  parts.log.warn(
    {
      audit: "member_concurrent_connection",
      mesh_id,
      member_id,
      instance_id,
      old_instance_id: other,
      old_connection: connection,
      policy,
      second: place,
    },
    said,
  );
  parts.news.tell(mesh_id, { type: "event", event: "member_concurrent_connection", member_id });
}
