import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Api } from "../../http/api.ts";
import { openApiRoute } from "../../http/open-api-route.ts";
import { operation, type Route, tagged } from "../../http/route.ts";
import { described, inPath, oneOf, optional, text } from "../../http/shape.ts";
import { constant, flag, view } from "../../http/view.ts";
import { checkMemberName, checkName } from "../../protocol/address.ts";
import type { BrokerStatusView } from "../../protocol/admin-api.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { memberInfo } from "../link/member-info.ts";
import type { News } from "../fleet/news.ts";
import type { Membership } from "../membership/membership.ts";
import type { BrokerStore, MemberRow, MeshRow } from "../store/store.ts";
import { jobNames, type Upkeep } from "../upkeep/upkeep.ts";
import { apiKeyRoutes } from "./api-key-routes.ts";
import { adminMembershipRoutes } from "./membership-routes.ts";
import * as answers from "./admin-answers.schema.ts";

export interface AdminParts {
  readonly programVersion: string;
  readonly store: BrokerStore;
  readonly news: News;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
  status(): BrokerStatusView;
  /** Begins the graceful stop. */
  shutdown(): void;
  readonly upkeep: Pick<Upkeep, "run">;
}

export const adminApi: Api = {
  title: "claudemesh broker: admin socket",
  description:
    "What the user who runs a broker asks of it: meshes, members, API keys, upkeep, the stop. Whoever can open the socket is that user. Requests are read strictly; answers may get further fields, so ignore what you do not know. Errors are problem details with a `code` to decide by.",
  servers: [
    {
      url: "http://localhost",
      description:
        "Over the unix socket `<home>/broker/admin.sock`; the file `broker.json` beside it names the one in use",
    },
  ],
  token: null,
  program: "broker",
  pathsHint: "GET /v1/status tells what this broker is",
  busyCode: "rate_limited",
  errors: [],
  strayErrors: [],
};

const roles = ["owner", "admin", "member", "guest"] as const satisfies readonly MemberRow["role"][];
const nameBounds = { pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" };
const memberId = text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } });
const jobParams = { job: inPath(oneOf(...jobNames), noSuchJob) };

/** Every administrative request there is. Whoever can open the socket is the broker's user: nobody is asked for more. */
export function adminRoutes(parts: AdminParts): readonly Route[] {
  const routes: readonly Route[] = [
    ...tagged("broker", brokerRoutes(parts)),
    ...tagged("meshes", meshRoutes(parts)),
    ...tagged("membership", adminMembershipRoutes(parts)),
    ...tagged("keys", apiKeyRoutes(parts)),
    ...tagged("upkeep", upkeepRoutes(parts)),
    ...tagged("description", [openApiRoute(adminApi, () => routes, parts.programVersion)]),
  ];
  return routes;
}

function brokerRoutes(parts: AdminParts): readonly Route[] {
  return [
    operation({
      name: "status",
      method: "GET",
      path: "/v1/status",
      summary: "What this broker is, where it listens, and how many are connected",
      answers: [{ status: 200, description: "The broker as it stands", body: answers.status }],
      // Whoever asks while the store is away wants to know whether the broker lives: nothing here asks the store.
      handle: () => ({ status: 200, body: parts.status() }),
    }),
    operation({
      name: "ready",
      method: "GET",
      path: "/v1/ready",
      summary:
        "Whether the store answers, and if not why, in its own words: `/readyz` of the other ports keeps them back",
      answers: [{ status: 200, description: "It does", body: view({ status: constant("ready") }) }],
      errors: ["store_unavailable"],
      async handle() {
        await parts.store.ping();
        return { status: 200, body: { status: "ready" } };
      },
    }),
    operation({
      name: "shutdown",
      method: "POST",
      path: "/v1/shutdown",
      summary: "Stop the broker in good order",
      body: {},
      bodyOptional: true,
      answers: [{ status: 202, description: "The stop has begun", body: answers.stopping }],
      handle() {
        // After this turn the answer is written.
        setImmediate(parts.shutdown);
        return { status: 202, body: { state: "stopping" } };
      },
    }),
  ];
}

function upkeepRoutes(parts: AdminParts): readonly Route[] {
  return [
    operation({
      name: "upkeep",
      method: "POST",
      path: "/v1/upkeep/{job}",
      summary: "Run one upkeep job now, after those that run already",
      params: jobParams,
      body: { dry_run: described(optional(flag()), "Say what would be done, and do nothing") },
      bodyOptional: true,
      answers: [{ status: 200, description: "What was done", body: answers.report }],
      errors: ["store_unavailable"],
      handle: async ({ params, body }) => ({
        status: 200,
        body: await parts.upkeep.run(params.job, body.dry_run ?? false),
      }),
    }),
  ];
}

function meshRoutes(parts: AdminParts): readonly Route[] {
  const { store, news, clock } = parts;
  return [
    operation({
      name: "meshList",
      method: "GET",
      path: "/v1/meshes",
      summary: "Meshes of this broker",
      answers: [{ status: 200, description: "All of them", body: answers.meshes }],
      errors: ["store_unavailable"],
      handle: async () => ({ status: 200, body: { meshes: await store.listMeshes() } }),
    }),
    operation({
      name: "meshCreate",
      method: "POST",
      path: "/v1/meshes",
      summary: "Make a mesh. The slug names it on this broker: asking again returns the same one",
      body: { slug: described(text(), "Name of the mesh", nameBounds) },
      bodyOptional: true,
      answers: [{ status: 200, description: "The mesh of that slug", body: answers.mesh }],
      errors: ["invalid_destination", "store_unavailable"],
      async handle({ body }) {
        const slug = checkName(body.slug, "mesh");
        const { mesh_id } = (await meshOf(store, slug)) ?? (await makeMesh(store, slug, clock.now()));
        return { status: 200, body: { mesh_id, slug } };
      },
    }),
    operation({
      name: "memberAdd",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/members",
      summary: "Add a member to a mesh that has no membership chain. Adding the same one again changes nothing",
      params: { mesh_id: text() },
      body: {
        member_id: memberId,
        name: described(text(), "Unique in the mesh, whatever its case", nameBounds),
        role: described(optional(oneOf(...roles)), "Absent: member", { default: "member" }),
      },
      bodyOptional: true,
      answers: [{ status: 200, description: "The member", body: answers.member }],
      errors: ["invalid_destination", "already_exists", "mesh_sealed", "store_unavailable"],
      async handle({ params, body }) {
        const mesh = await store.meshById(params.mesh_id);
        if (mesh === null)
          throw new ClaudemeshError("not_found", "there is no such mesh", { hint: "GET /v1/meshes lists them" });
        if ((await parts.membership.known(mesh.mesh_id)) !== null)
          throw new ClaudemeshError("mesh_sealed", "this mesh's membership chain says who belongs to it", {
            hint: "an owner or admin of the mesh takes somebody in: claudemesh invite",
          });
        const known = await store.member(mesh.mesh_id, body.member_id);
        const row = await store.addMember({
          mesh_id: mesh.mesh_id,
          member_id: body.member_id,
          name: checkMemberName(body.name),
          role: body.role ?? "member",
          now: clock.now(),
        });
        const member = memberInfo(row, clock.now(), parts.leaseMs);
        if (known === null) news.tell(mesh.mesh_id, { type: "event", event: "member_joined", member });
        return { status: 200, body: member };
      },
    }),
  ];
}

async function meshOf(store: BrokerStore, slug: string): Promise<MeshRow | null> {
  return (await store.listMeshes()).find((mesh) => mesh.slug === slug) ?? null;
}

/** Of two that ask at once for the same slug, the second gets what the first has made. */
async function makeMesh(store: BrokerStore, slug: string, now: number): Promise<MeshRow> {
  try {
    return await store.createMesh({ mesh_id: newUuidV7(now), slug, now });
  } catch (thrown) {
    const made = ClaudemeshError.from(thrown).code === "already_exists" ? await meshOf(store, slug) : null;
    if (made === null) throw thrown;
    return made;
  }
}

function noSuchJob(): ClaudemeshError {
  return new ClaudemeshError("not_found", "there is no such upkeep job", { hint: `there are ${jobNames.join(", ")}` });
}
