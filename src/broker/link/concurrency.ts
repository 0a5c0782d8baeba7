import type { HelloFrame } from "../../protocol/frames.ts";
import { replaceLink } from "../fleet/ended.ts";
import { isOwnInstance, type LinkPlace, type RaisedLink } from "../store/link-store.ts";
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
export function settleOthers(hello: HelloFrame, raised: RaisedLink, parts: LinkParts): void {
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
}

function tellConcurrent(hello: HelloFrame, raised: RaisedLink, oldConnection: string, parts: LinkParts): void {
  const { other, place, policy } = raised;
  if (other === null || isOwnInstance(other.instance_id, hello)) return;
  const { mesh_id, member_id, instance_id } = hello;
  parts.metrics.concurrentConnections.inc({ mesh: mesh_id });
  parts.log.warn(
    {
      audit: "member_concurrent_connection",
      mesh_id,
      member_id,
      instance_id,
      old_instance_id: other.instance_id,
      old_connection: oldConnection,
      policy,
      second: place,
    },
    outcomes[place],
  );
  parts.news.tell(mesh_id, { type: "event", event: "member_concurrent_connection", member_id });
}
