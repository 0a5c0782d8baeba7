import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { HostStatus, JoinAnswer, UpAnswer } from "../../src/cli/launcher.ts";
import { host, ok } from "../support/claudemesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ci = { CLAUDEMESH_ENVIRONMENT: "ci" };

async function owner(t: TestContext) {
  const folder = tempFolder(t);
  const ann = host(t, "ann", folder);
  ok(await ann.run(["up", "--name", "ann"]));
  const link = ok(await ann.run(["invite", "--uses", "9"])).trim();
  return { ann, link, job: (name: string) => host(t, name, folder) };
}

const daemonFolders = (home: string): string[] =>
  existsSync(join(home, "daemon")) ? readdirSync(join(home, "daemon")) : [];

test("a CI job is an ephemeral member by its invite alone: each step finds it, its messages arrive, and nothing of it stays", async (t) => {
  const { ann, link, job } = await owner(t);
  const ci1 = job("job");
  const env = { ...ci, CLAUDEMESH_INVITE: link };
  const up = JSON.parse(ok(await ci1.run(["up", "--ttl", "1h", "--json"], { env }))) as UpAnswer;
  const { status } = up.daemon;
  assert.match(status.address, /^@ci-[a-z0-9]{6}$/);
  assert.deepEqual(
    [status.mode, status.decisions.map(({ value }) => value)],
    ["ephemeral", ["ephemeral", "unix_socket", "off"]],
  );
  assert.ok(Date.parse(status.ends_at ?? "") > Date.now());
  if (process.platform === "linux") {
    const seen = ["environ", "cmdline"].map((name) => readFileSync(`/proc/${status.pid}/${name}`, "utf8")).join("");
    assert.ok(!seen.includes(link), "no list of processes shows the invite");
  }
  const decided =
    "mode ephemeral \\(--persistent changes it\\), local api unix socket \\(--http changes it\\), hooks off \\(--set hooks.run=yes changes it\\): CLAUDEMESH_ENVIRONMENT is ci";
  assert.match(ok(await ci1.run(["up"], { env })), new RegExp(`^daemon already running .*\n(.*\n)*${decided}\n`));
  assert.match(
    ok(await ci1.run(["status"])),
    new RegExp(`${decided}\n *its keys and messages end with it, at .* at the latest`),
  );
  assert.match(ok(await ci1.run(["doctor"], { env })), /is ephemeral: its keys and messages end with its daemon/);
  assert.match(ok(await ci1.run(["mesh", "list"])), /team/);
  const restarted = await ci1.run(["daemon", "restart"]);
  assert.deepEqual([restarted.code, /its keys would not come back/.test(restarted.stderr)], [2, true]);
  ok(await ci1.run(["send", "@ann", "the job has begun"]));
  assert.equal(ok(await ci1.run(["down"])), "daemon of team stopped\n");
  assert.deepEqual(daemonFolders(ci1.home), []);
  assert.ok(!existsSync(join(ci1.home, "ended")));
  assert.match(ok(await ann.run(["inbox"])), /the job has begun/);
  assert.match(ok(await ann.run(["members", "--ended"])), /@ci-[a-z0-9]{6} .*\(left\)/);
});

test("what an ephemeral daemon could not hand over is named when it ends, and what a killed one left goes with the next start", async (t) => {
  const { ann, link, job } = await owner(t);
  const lost = job("lost");
  const env = { CLAUDEMESH_EPHEMERAL_DRAIN_SECONDS: "1" };
  const joined = JSON.parse(
    ok(await lost.run(["join", link, "--ephemeral", "--name", "job-1", "--json"], { env })),
  ) as JoinAnswer;
  assert.deepEqual([joined.address, joined.change, joined.daemon.status.mode], ["@job-1", "admitted", "ephemeral"]);
  ok(await ann.run(["broker", "down"]));
  ok(await lost.run(["send", "@ann", "nobody will read this", "--id", "unread-1"]));
  const down = await lost.run(["down", "--json"]);
  assert.equal(down.code, 6, down.stderr);
  assert.match(down.stderr, /"code":"messages_unsent","message":"the broker had not taken 1 message,.*: unread-1"/);
  const [end] = (JSON.parse(ok(await lost.run(["status", "--json"]))) as HostStatus).daemons;
  assert.deepEqual([end?.state, end?.last_end?.exit_code, end?.last_end?.kind], ["stopped", 17, "messages_unsent"]);
  assert.deepEqual(
    readdirSync(join(lost.home, "daemon", "team")).filter((name) => !name.startsWith("daemon.l")),
    ["mesh.json"],
  );
  ok(await ann.run(["up"]));

  const first = JSON.parse(ok(await lost.run(["join", link, "--ephemeral", "--json"]))) as JoinAnswer;
  assert.equal(first.mesh, "team", "the place is free again");
  process.kill(first.daemon.status.pid ?? 0, "SIGKILL");
  assert.match(ok(await lost.run(["status"])), /in mesh team: stopped/);
  assert.match((await lost.run(["doctor"])).stdout, /has ended, and its folder is left/);
  const second = JSON.parse(ok(await lost.run(["join", link, "--ephemeral", "--json"]))) as JoinAnswer;
  assert.deepEqual([second.mesh, second.change, daemonFolders(lost.home)], ["team", "admitted", ["team"]]);
  ok(await lost.run(["down"]));
});

test("an ephemeral member is none where it would take another's place, or has no mesh to join", async (t) => {
  const { ann, link, job } = await owner(t);
  const refused = async (from: typeof ann, args: string[], words: RegExp, env: Record<string, string> = {}) => {
    const ran = await from.run(args, { env });
    assert.notEqual(ran.code, 0, ran.stdout);
    assert.match(ran.stderr, words);
  };
  const empty = job("empty");
  await refused(empty, ["up"], /needs a mesh to join(.|\n)*--persistent/, ci);
  await refused(empty, ["up"], /CLAUDEMESH_INVITE is set and empty/, { ...ci, CLAUDEMESH_INVITE: "" });
  await refused(empty, ["up", "--ttl", "1h"], /--ttl is the time of an ephemeral/);
  await refused(empty, ["up", "--ephemeral", "--persistent"], /exclude each other/);
  await refused(empty, ["up", "--invite", link], /claudemesh join LINK/);
  await refused(ann, ["join", link, "--ephemeral"], /already, and keeps its keys(.|\n)*CLAUDEMESH_HOME/);
  await refused(ann, ["up", "--ephemeral"], /already(.|\n)*CLAUDEMESH_HOME/);
  assert.deepEqual(daemonFolders(empty.home), []);
  // In a CI job, a home that has its keys keeps them.
  ok(await ann.run(["daemon", "down"]));
  assert.match(ok(await ann.run(["up"], { env: ci })), /mode persistent: this home keeps the member's keys on disk/);
  const beside = job("beside");
  ok(await beside.run(["up", "--ephemeral", "--broker", join(ann.home, "broker")]));
  assert.match(ok(await beside.run(["up"])), /already running/, "the one that is there is meant");
  await refused(beside, ["up", "--persistent"], /is ephemeral, and runs/);
  ok(await beside.run(["send", "@ann", "hi", "--wait", "delivered"]));
});
