import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "../../src/client/connect.ts";
import type { InboxItem } from "../../src/protocol/local-api.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { lonelyMember } from "../support/api-walk/local-disk.ts";
import { mesh } from "../support/mesh.ts";
import { daemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const onLinux = { skip: process.platform !== "linux" };

/** A folder that whoever runs hooks can write to, with pipes of these names. */
function withPipes(folder: string, ...names: readonly string[]): string {
  chmodSync(folder, 0o777);
  for (const name of names) execFileSync("mkfifo", ["--mode=666", join(folder, name)]);
  return folder;
}

function putHook(dir: string, hook: string, script: string, settings: string): void {
  mkdirSync(join(dir, "hooks"), { mode: 0o700, recursive: true });
  writeFileSync(join(dir, "hooks", hook), `#!/bin/bash\n${script}\n`, { mode: 0o700 });
  writeFileSync(join(dir, "hooks.toml"), `[${hook}]\nenabled = true\n${settings}\n`, { mode: 0o600 });
  writeFileSync(join(dir, "config.toml"), '[hooks]\nrun = "yes"\n', { mode: 0o600 });
}

test(
  "a hook answers its sender with its token, and with it gets nothing else, from inside or outside",
  onLinux,
  async (t) => {
    const { daemons } = await mesh(t, ["alice", "bob", "carol"], { daemon: { http: true } });
    const { alice, bob, carol } = daemons;
    const script = `
    ask() { curl --silent --unix-socket "$CLAUDEMESH_DAEMON_SOCK" --header "Authorization: Bearer $CLAUDEMESH_CAPABILITY_TOKEN" "$@"; }
    code() { grep --only-matching '"code":"[a-z_]*"' | cut -d'"' -f4; }
    read -r event
    seen=$(cat ${bob.dir}/*.json ${bob.dir}/*.db 2>/dev/null | wc -c)
    [ -e ${bob.dir}/sock ] && seen="$seen and the socket"
    read=$(ask http://localhost/v1/inbox | code)
    other=$(ask --data '{"to": "@carol", "message": "psst"}' http://localhost/v1/send | code)
    ask --data "{\\"to\\": \\"@alice\\", \\"message\\": \\"$seen $read $other $CLAUDEMESH_CAPABILITY_TOKEN\\"}" http://localhost/v1/send >&2`;
    putHook(bob.dir, "on-dm", script, 'capability_token_scope = ["dm:send:<sender>"]');
    await bob.client.reload();
    await alice.client.send({ to: "@bob", message: "hello" });
    const item = await firstMessage(alice.client);
    const [seen, read, other, token = ""] = (item.message ?? "").split(" ");
    assert.deepEqual([seen, read, other], ["0", "capability_refused", "capability_refused"]);
    assert.deepEqual([item.from.name, item.verified, item.hops], ["bob", true, 1]);
    // What it was for one run is nothing for anybody else.
    const port = bob.daemon.httpPort ?? assert.fail();
    const { status } = await httpCall({ port, token }, "GET", "/v1/inbox");
    assert.equal(status, 401);
    assert.deepEqual((await carol.client.inbox.list({ limit: 1 })).items, []);
    const { status: metricsStatus, text } = await httpCall({ socketPath: bob.daemon.socketPath }, "GET", "/v1/metrics");
    assert.equal(metricsStatus, 200);
    assert.match(text, /cm_daemon_hook_capability_calls_total\{scope="none",outcome="refused",mesh="[^"]*"\} 2/);
    assert.match(text, /calls_total\{scope="dm:send:<sender>",outcome="sent",mesh="[^"]*"\} 1/);
  },
);

test(
  "a daemon that is killed while pre-send decides has stored nothing, and takes its hook with it; one that is killed afterwards knows the answer",
  onLinux,
  async (t) => {
    const dir = lonelyMember(t);
    const pipes = withPipes(tempFolder(t), "asked", "alive", "decide");
    const script = `exec 4> ${pipes}/alive; echo once > ${pipes}/asked; read -r words < ${pipes}/decide; echo "$words"`;
    putHook(dir, "pre-send", script, 'fs_policy = "host"');
    const request = { to: "@alice", message: "hello", client_message_id: "m-1" };

    const first = await daemonProcess(t, dir);
    const cut = httpCall(first.unix, "POST", "/v1/send", { body: request }).then(
      () => assert.fail("nobody answers"),
      () => {},
    );
    const alive = readFile(join(pipes, "alive"));
    assert.equal(await readFile(join(pipes, "asked"), "utf8"), "once\n");
    first.kill("SIGKILL");
    await cut;
    // Its end comes when nobody holds it any more.
    await alive;

    const second = await daemonProcess(t, dir);
    const client = connect(second.unix);
    t.after(() => client.close());
    assert.deepEqual((await client.outbox.list({ limit: 10 })).items, []);
    const answer = httpCall(second.unix, "POST", "/v1/send", { body: request });
    const ended = readFile(join(pipes, "alive"));
    assert.equal(await readFile(join(pipes, "asked"), "utf8"), "once\n");
    writeFileSync(join(pipes, "decide"), '{"message": "HELLO"}\n');
    const { status, json } = await answer;
    assert.equal(status, 202);
    await ended;
    second.kill("SIGKILL");
    await second.ended;

    // Nobody opens the pipes any more: a hook that was asked would wait for ever.
    const third = await daemonProcess(t, dir);
    const again = await httpCall(third.unix, "POST", "/v1/send", { body: request });
    assert.deepEqual([again.status, again.json["duplicate"], again.json["outbox_id"]], [202, true, json["outbox_id"]]);
  },
);

/** Whatever comes first into an inbox. */
async function firstMessage(client: ReturnType<typeof connect>): Promise<InboxItem> {
  for await (const event of client.events({ after: 0 })) {
    if (event.event === "message") return (await client.inbox.list({ limit: 1 })).items[0] ?? assert.fail();
  }
  return assert.fail("the events ended");
}
