import { operation, type Route } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { MeshSeal } from "../membership/seal-mesh.ts";
import { sealDone, sealPlan } from "./answers/seal.schema.ts";
import { brokerErrors } from "./ask-broker.ts";

const errors: readonly ErrorCode[] = [
  "not_allowed",
  "not_a_member",
  "membership_invalid",
  "membership_newer",
  ...brokerErrors,
];
const digest = text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } });

/** How a mesh from before encryption gets its membership: looked at, then done. */
export function sealRoutes({ meshSeal }: { readonly meshSeal: MeshSeal }): readonly Route[] {
  return [
    operation({
      name: "sealPlan",
      method: "GET",
      path: "/v1/membership/seal",
      summary: "What sealing this mesh would do: who belongs to it then, and who is left out",
      answers: [{ status: 200, description: "Nothing of it is done yet", body: sealPlan }],
      errors,
      handle: async () => ({ status: 200, body: await meshSeal.plan() }),
    }),
    operation({
      name: "seal",
      method: "POST",
      path: "/v1/membership/seal",
      summary: "Do what was shown. Doing it again goes on where an earlier attempt ended",
      body: { digest: described(digest, "Of the plan that the user has seen and confirmed") },
      answers: [{ status: 200, description: "This home holds the membership", body: sealDone }],
      errors: [...errors, "already_exists", "membership_moved"],
      handle: async ({ body }) => ({ status: 200, body: await meshSeal.seal(body.digest) }),
    }),
  ];
}
