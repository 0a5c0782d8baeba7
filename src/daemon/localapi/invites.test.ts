import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseInvite } from "../../protocol/invite.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { chainBroker, chainPerson, chainTime, foundChain, membershipOf } from "../membership/chain.fixture.ts";
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
  const made = async (answer: unknown): Promise<string> => {
    link.answers.set("reach", answer);
    const reply = await called({ link, membership, mesh, clock: createManualClock() }, "inviteCreate");
    return (reply as { link: string }).link;
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

test("an invite that can still be used is listed, however many newer ones are over", async () => {
  const ada = chainPerson("ada");
  const chain = chainBroker([foundChain(ada)]);
  const state = chain.state();
  assert.ok(state !== null);
  const clock = createManualClock();
  for (let made = 0; made <= limits.invitesOpenMax + 1; made += 1)
    state.invites.set(`invite-${made}`, {
      inviteId: `invite-${made}`,
      role: "member",
      uses: 1,
      used: made === 1 ? 0 : 1,
      createdBy: ada.memberId,
      createdAt: chainTime,
      expiresAt: rfc3339(clock.now() + 1_000),
      revoked: false,
    });
  const list = { link: createTestLink(null), membership: membershipOf(chain), mesh, clock };
  const { items } = (await called(list, "inviteList")) as { items: { invite_id: string; state: string }[] };
  assert.equal(items.length, limits.invitesOpenMax);
  assert.deepEqual(items.at(-1), { ...items.at(-1), invite_id: "invite-1", state: "open" });
  assert.equal(items[0]?.invite_id, `invite-${limits.invitesOpenMax + 1}`);
});

async function called(parts: Parameters<typeof inviteRoutes>[0], name: string): Promise<unknown> {
  const route = inviteRoutes(parts).find((one) => one.name === name);
  assert.ok(route !== undefined && "handle" in route);
  const reply = await route.handle({
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
  });
  return "body" in reply ? reply.body : null;
}

function isProtocolError(thrown: unknown): boolean {
  return thrown instanceof ClaudemeshError && thrown.code === "protocol_error";
}
