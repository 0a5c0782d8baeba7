import type { MemberList } from "../../protocol/local-api.ts";
import type { Link } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { operation, type Route } from "../../http/route.ts";
import { members } from "./answers/directory.schema.ts";
import { known } from "./topics.ts";

export function memberRoutes(parts: { readonly link: Link; readonly self: Self }): readonly Route[] {
  return [
    operation({
      name: "members",
      method: "GET",
      path: "/v1/members",
      summary: "Members of the mesh, as last told by the broker",
      answers: [{ status: 200, description: "All of them", body: members }],
      errors: ["directory_unavailable"],
      handle() {
        const { members, told_at = null } = known(parts.link);
        const items: MemberList["items"] = members.map((member) => ({
          member_id: member.member_id,
          name: member.name,
          address: `@${member.name}`,
          role: member.role,
          online: member.online,
          last_seen_at: member.last_seen_at,
          self: member.member_id === parts.self.memberId,
          agents: member.agents,
        }));
        return { status: 200, body: { items, told_at } satisfies MemberList };
      },
    }),
  ];
}
