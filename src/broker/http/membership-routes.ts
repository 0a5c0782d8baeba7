import { operation, type Route } from "../../http/route.ts";
import { described, optional, text } from "../../http/shape.ts";
import { count, view } from "../../http/view.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { whole } from "../../http/shape.ts";
import { limits } from "../../protocol/limits.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import type { Membership } from "../membership/membership.ts";
import type { BrokerStore, MeshRow } from "../store/store.ts";
import { entriesShape, membershipPage } from "./membership.schema.ts";

/** Who belongs to a mesh, for the user who runs the broker: its own daemons begin and read chains by these. */
export function adminMembershipRoutes({
  store,
  membership,
}: {
  readonly store: BrokerStore;
  readonly membership: Membership;
}): readonly Route[] {
  return [
    operation({
      name: "membershipRead",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/membership",
      summary: "Entries of the mesh's membership chain, in order",
      params: { mesh_id: text() },
      query: {
        after: described(
          optional(whole(0, limits.membershipEntriesMax)),
          "Those above this place; absent: from the beginning",
        ),
      },
      answers: [{ status: 200, description: "One page", body: membershipPage }],
      errors: ["store_unavailable"],
      async handle({ params, query }) {
        const { mesh_id, slug } = await requireMesh(store, params.mesh_id);
        const { entries, head } = await membership.page(mesh_id, query.after ?? -1);
        return { status: 200, body: { entries, head, slug } };
      },
    }),
    operation({
      name: "membershipAppend",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/membership",
      summary: "Append entries to the mesh's membership chain, or begin it. Each proves itself by its signature",
      params: { mesh_id: text() },
      body: entriesShape,
      bodyBytesMax: defaultBrokerLimits.membershipBodyBytesMax,
      answers: [
        {
          status: 200,
          description: "The chain has them; where it ends now",
          body: view({ n: count(), hash: text() }),
        },
      ],
      errors: [
        "membership_invalid",
        "membership_newer",
        "membership_moved",
        "mesh_sealed",
        "not_allowed",
        "not_a_member",
        "already_exists",
        "last_owner",
        "invite_unknown",
        "invite_expired",
        "invite_used",
        "invite_revoked",
        "too_many_invites",
        "store_unavailable",
      ],
      async handle({ params, body }) {
        const { mesh_id } = await requireMesh(store, params.mesh_id);
        const { n, head: hash } = await membership.append(mesh_id, body.entries, { begins: true });
        return { status: 200, body: { n, hash } };
      },
    }),
  ];
}

async function requireMesh(store: BrokerStore, meshId: string): Promise<MeshRow> {
  const mesh = await store.meshById(meshId);
  if (mesh !== null) return mesh;
  throw new ClaudemeshError("not_found", "there is no such mesh", { hint: "GET /v1/meshes lists them" });
}
