import type { BrokerOperator } from "../cli/launcher.ts";
import type { MeshView } from "../protocol/admin-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "../protocol/suggest.ts";
import { type AdminClient, adminClient } from "./admin-client.ts";
import { brokerDir } from "./launch-broker.ts";

/** The broker of a home, asked by who runs it. */
export const brokerOperator: BrokerOperator = {
  async createApiKey(home, slug, request) {
    const admin = adminClient(brokerDir(home));
    const { mesh_id } = await meshOf(admin, slug);
    const made = await admin.createApiKey(mesh_id, request);
    const { url, exposed } = await admin.status();
    return {
      ...made,
      url: `${httpUrl(exposed?.url ?? url)}/v1/meshes/${mesh_id}`,
      pin: exposed === null ? null : `sha256//${Buffer.from(exposed.certificate_print, "hex").toString("base64")}`,
    };
  },
  async apiKeys(home, slug) {
    const admin = adminClient(brokerDir(home));
    return admin.apiKeys((await meshOf(admin, slug)).mesh_id);
  },
  async revokeApiKey(home, slug, keyId) {
    const admin = adminClient(brokerDir(home));
    return admin.revokeApiKey((await meshOf(admin, slug)).mesh_id, keyId);
  },
  upkeep: (home, job, dryRun) => adminClient(brokerDir(home)).upkeep(job, dryRun),
};

async function meshOf(admin: AdminClient, slug: string | null): Promise<MeshView> {
  const meshes = await admin.meshes();
  const slugs = meshes.map((mesh) => mesh.slug);
  const [only, another] = meshes;
  if (slug === null && only !== undefined && another === undefined) return only;
  const named = meshes.find((mesh) => mesh.slug === slug);
  if (named !== undefined) return named;
  if (slug === null && only === undefined)
    throw new ClaudemeshError("not_found", "this broker serves no mesh yet", { hint: "claudemesh up" });
  const [meant] = slug === null ? [] : suggest(slug, slugs);
  throw new ClaudemeshError(
    "usage",
    slug === null ? "this broker serves several meshes" : "this home's broker serves no mesh of that name",
    { hint: meant === undefined ? `name one: --mesh ${slugs.join(" or --mesh ")}` : `did you mean --mesh ${meant}?` },
  );
}

/** Of the link's `ws://host:port/v1/link`: where the same port takes HTTP. */
function httpUrl(linkUrl: string): string {
  const { protocol, host } = new URL(linkUrl);
  return `${protocol === "wss:" ? "https" : "http"}://${host}`;
}
