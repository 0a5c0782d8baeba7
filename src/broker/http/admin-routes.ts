import type { Clock } from "../../base/clock.ts";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId, newUuidV7 } from "../../protocol/ids.ts";
import type { LinkRegistry } from "../link/registry.ts";
import { memberInfo } from "../link/member-info.ts";
import type { BrokerStore, MemberRow } from "../store/store.ts";
import { jobNames, type Upkeep } from "../upkeep/upkeep.ts";
import type { AdminRoute } from "./admin-server.ts";
import { onlyFields, textField } from "./json-body.ts";

export interface AdminParts {
  readonly store: BrokerStore;
  readonly registry: LinkRegistry;
  readonly clock: Clock;
  readonly leaseMs: number;
  status(): Promise<Record<string, unknown>>;
  /** Begins the graceful stop. */
  shutdown(): void;
  readonly upkeep: Pick<Upkeep, "run">;
}

const roles: readonly MemberRow["role"][] = ["owner", "admin", "member", "guest"];

/** Every administrative request there is. */
export function adminRoutes(parts: AdminParts): AdminRoute[] {
  const { store, registry, clock } = parts;
  return [
    { method: "GET", path: "/v1/status", status: 200, run: () => parts.status() },
    {
      method: "POST",
      path: "/v1/shutdown",
      status: 202,
      run: async () => {
        parts.shutdown();
        return { state: "stopping" };
      },
    },
    { method: "GET", path: "/v1/meshes", status: 200, run: async () => ({ meshes: await store.listMeshes() }) },
    {
      // The slug names the mesh on this broker: asking again returns the same one.
      method: "POST",
      path: "/v1/meshes",
      status: 200,
      run: async (_params, body) => {
        onlyFields(body, ["slug"]);
        const slug = checkName(textField(body, "slug"), "mesh");
        const present = (await store.listMeshes()).find((mesh) => mesh.slug === slug);
        const now = clock.now();
        const { mesh_id } = present ?? (await store.createMesh({ mesh_id: newUuidV7(now), slug, now }));
        return { mesh_id, slug };
      },
    },
    {
      method: "POST",
      path: "/v1/meshes/:mesh_id/members",
      status: 200,
      run: async (params, body) => {
        onlyFields(body, ["member_id", "name", "role"]);
        const mesh = await store.meshById(params["mesh_id"] ?? "");
        if (mesh === null) throw new ClaudemeshError("not_found", "There is no such mesh.");
        const memberId = textField(body, "member_id");
        if (!isMemberId(memberId))
          throw new ClaudemeshError("invalid_field", "member_id must be 64 lower-case hex characters.");
        const role = roles.find((known) => known === (body["role"] ?? "member"));
        if (role === undefined) throw new ClaudemeshError("invalid_field", `role must be one of ${roles.join(", ")}.`);
        const known = await store.member(mesh.mesh_id, memberId);
        const row = await store.addMember({
          mesh_id: mesh.mesh_id,
          member_id: memberId,
          name: checkName(textField(body, "name"), "member"),
          role,
          now: clock.now(),
        });
        const member = memberInfo(row, clock.now(), parts.leaseMs);
        if (known === null) registry.broadcast(mesh.mesh_id, { type: "event", event: "member_joined", member });
        return member;
      },
    },
    ...jobNames.map(
      (name): AdminRoute => ({
        method: "POST",
        path: `/v1/upkeep/${name}`,
        status: 200,
        run: async (_params, body) => {
          onlyFields(body, ["dry_run"]);
          const dryRun = body["dry_run"] ?? false;
          if (typeof dryRun !== "boolean") throw new ClaudemeshError("invalid_field", "dry_run must be true or false.");
          return parts.upkeep.run(name, dryRun);
        },
      }),
    ),
  ];
}
