import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeOf, sealedDm, sealedShared } from "../testing/peer.ts";
import { directFixture } from "./direct.fixture.ts";

type Item = Readonly<Record<string, unknown>>;

test("a topic's history is what its subscriber may see, page by page, and says what a key handed in", async (t) => {
  const fixture = await directFixture(t);
  const { meshId, owner, ownerLink } = fixture;
  const { key, key_id } = await fixture.apiKey({ member: "@bob", scopes: ["send", "read"] });
  await ownerLink.sendItems([
    envelopeOf(meshId, owner, "#alerts", "", {
      ...sealedShared,
      meta: '{"build":7,"claudemesh.from_agent":"backend"}',
    }),
  ]);
  await fixture.send(key, { message: "not signed" });
  await fixture.send(key, { message: undefined, body: "_-8" });
  const page = async (query: string) => {
    const answer = await fixture.ask(key, "GET", `/topics/alerts/messages?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json as { items: Item[]; next_cursor: string | null };
  };
  const newest = await page("limit=2");
  assert.deepEqual(
    newest.items.map(({ history_id, message, body, via, encrypted }) => [history_id, message, body, via, encrypted]),
    [
      [3, null, "_-8", `api:${key_id}`, false],
      [2, "not signed", Buffer.from("not signed").toString("base64url"), `api:${key_id}`, false],
    ],
  );
  const older = await page(`limit=2&cursor=${newest.next_cursor}`);
  assert.deepEqual(
    older.items.map(({ from, to, topic, meta, via, encrypted }) => ({ from, to, topic, meta, via, encrypted })),
    [
      {
        from: { member_id: owner.memberId, name: "owner", agent: "backend" },
        to: "#alerts",
        topic: "alerts",
        meta: { build: 7 },
        via: null,
        encrypted: true,
      },
    ],
  );
  assert.equal(older.next_cursor, null);
  const refused = async (path: string): Promise<unknown[]> => {
    const { status, json } = await fixture.ask(key, "GET", path);
    return [status, json["code"]];
  };
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "plans" });
  assert.deepEqual(await refused("/topics/plans/messages"), [403, "not_subscribed"]);
  assert.deepEqual(await refused("/topics/nowhere/messages"), [404, "unknown_destination"]);
  assert.deepEqual(await refused("/topics/alerts/messages?cursor=x"), [400, "invalid_field"]);
});

test("mention search finds what the member may see and no more, and members are told with who is here", async (t) => {
  const fixture = await directFixture(t);
  const { meshId, owner, ownerLink, bob } = fixture;
  const { key } = await fixture.apiKey({ member: "bob", scopes: ["read"] });
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "plans" });
  const mentions = [bob.memberId];
  await ownerLink.sendItems([
    envelopeOf(meshId, owner, bob.memberId, "", { ...sealedDm, mentions }),
    envelopeOf(meshId, owner, "#plans", "", { ...sealedShared, mentions }),
    envelopeOf(meshId, owner, owner.memberId, "", { ...sealedDm, mentions }),
    envelopeOf(meshId, owner, "#alerts", "", { ...sealedShared, mentions }),
    envelopeOf(meshId, owner, "#alerts", "", sealedShared),
  ]);
  const found = await fixture.ask(key, "GET", "/mentions");
  assert.deepEqual(
    (found.json["items"] as Item[]).map(({ history_id, message, to }) => [history_id, message, to]),
    [
      [4, null, "#alerts"],
      [1, null, "@bob"],
    ],
  );
  const members = (await fixture.ask(key, "GET", "/members")).json["items"] as Item[];
  assert.deepEqual(
    members.map(({ name, role, online }) => [name, role, online]),
    [
      ["bob", "member", true],
      ["owner", "owner", true],
    ],
  );
});
