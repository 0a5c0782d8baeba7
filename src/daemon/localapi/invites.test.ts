import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseInvite } from "../../protocol/invite.ts";
import { chainBroker, chainPerson, foundChain, membershipOf } from "../membership/chain.fixture.ts";
import { inviteRoutes } from "./invites.ts";
import { createTestLink } from "./link.fixture.ts";

const mesh = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};
const reach = { authority: "mesh.example:8787", transport: { kind: "trusted" }, loopback: false };

test("a link is made of what a broker says of itself only where that is an address: it is pasted into shells", async () => {
  const link = createTestLink(null);
  link.connected = true;
  const ada = chainPerson("ada");
  const chain = chainBroker([foundChain(ada)]);
  const membership = membershipOf(chain, ada);
  const route = inviteRoutes({ link, membership, mesh, clock: createManualClock() }).find(
    ({ name }) => name === "inviteCreate",
  );
  assert.ok(route !== undefined && "handle" in route);
  const made = async (answer: unknown): Promise<string> => {
    link.answers.set("reach", answer);
    const call = {
      params: {},
      query: {},
      headers: {},
      body: {},
      transport: "unix",
      gone: () => new AbortController().signal,
      address: "",
      admitted: undefined,
      bytes: Buffer.alloc(0),
      incoming: null,
      bodiless: false,
    } as const;
    const reply = await route.handle(call);
    return "body" in reply ? (reply.body as { link: string }).link : "";
  };
  const invite = parseInvite(await made(reach));
  assert.equal(invite.authority, "mesh.example:8787");
  assert.equal(invite.membership_head, chain.state()?.head, "who joins can tell the mesh that was meant from another");
  const entries = chain.entries.length;
  const pinned = (certificate_print: unknown) => ({ ...reach, transport: { kind: "pinned", certificate_print } });
  for (const wrong of [
    undefined,
    { ...reach, authority: "$(id)" },
    { ...reach, authority: "x;id;" },
    { ...reach, authority: "x\nclaudemesh://y" },
    { ...reach, authority: 7 },
    { ...reach, transport: undefined },
    { ...reach, transport: { kind: "other" } },
    pinned("ab"),
    pinned(null),
  ])
    await assert.rejects(made(wrong), isProtocolError, JSON.stringify(wrong));
  assert.equal(chain.entries.length, entries, "and none of them left an invite behind");
});

function isProtocolError(thrown: unknown): boolean {
  return thrown instanceof ClaudemeshError && thrown.code === "protocol_error";
}
