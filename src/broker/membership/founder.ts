import { ClaudemeshError } from "../../protocol/error.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import type { BrokerStore } from "../store/store.ts";

/**
 * Throws for a first entry by somebody who may not begin this mesh's chain. A new mesh is founded by whoever comes first; one
 * from before there were chains by its owner alone, or everybody in it could make itself that.
 */
export async function requireFounder(
  store: Pick<BrokerStore, "members">,
  meshId: string,
  entry: Extract<MembershipEntry, { kind: "create" }>,
): Promise<void> {
  const active = (await store.members(meshId)).filter(({ status }) => status === "active");
  if (active.length === 0) return;
  const owners = active.filter(({ role }) => role === "owner");
  const may = owners.length === 0 ? active : owners;
  if (may.some(({ member_id }) => member_id === entry.by)) return;
  const who = may.map(({ name }) => `@${name}`).slice(0, namesShownMax);
  throw new ClaudemeshError(
    "not_allowed",
    "the mesh has members from before encryption: its owner begins its membership",
    {
      hint: `claudemesh mesh seal, in the home of ${who.join(" or ")}`,
    },
  );
}

const namesShownMax = 3;
