import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { linkErrorKinds } from "../../protocol/link-error-kinds.ts";
import { check as brokerLinks } from "./broker-links.ts";
import { check as brokerReady } from "./broker-ready.ts";
import { check as clock } from "./clock.ts";
import { check as daemonProcess } from "./daemon-process.ts";
import { check as disk } from "./disk.ts";
import { healthWith, hostWith, siteWith, states } from "./doctor.fixture.ts";
import { doctor } from "./doctor.ts";
import { fileFaults, folderFaults } from "./file-rules.ts";
import { check as folder } from "./home-folder.ts";
import type { FileFacts, Host } from "./host.ts";
import type { DaemonSite } from "./sites.ts";
import { check as link } from "./link.ts";
import { check as members } from "./members.ts";
import { check as membership } from "./membership.ts";
import { metric } from "./metric.ts";
import { check as node } from "./node.ts";
import { check as outbox } from "./outbox.ts";
import { check as space } from "./space.ts";
import { check as sqlite } from "./sqlite.ts";
import { check as undecryptable } from "./undecryptable.ts";

test("versions that are too old are problems, whatever their number of digits", async () => {
  for (const [version, state] of [
    ["24.14.9", "problem"],
    ["9.99.0", "problem"],
    ["24.15.0", "ok"],
    ["100.0.0", "ok"],
  ] as const)
    assert.deepEqual(await states(node, hostWith({ nodeVersion: version }), null), [state], version);
  assert.deepEqual(await states(sqlite, hostWith({ sqliteVersion: "3.51.2" }), null), ["problem"]);
  assert.deepEqual(await states(sqlite, hostWith({ sqliteVersion: "unknown" }), null), ["problem"]);
});

test("free space is judged by what is left, and not at all where it cannot be known", async () => {
  for (const [free, expected] of [
    [null, []],
    [{ bytes: 99_000_000, files: null }, ["problem"]],
    [{ bytes: 900_000_000, files: 100_000 }, ["warning"]],
    [{ bytes: 2_000_000_000, files: 100_000 }, ["ok"]],
    [{ bytes: 2_000_000_000, files: 99 }, ["problem"]],
  ] as const)
    assert.deepEqual(await states(disk, hostWith({ free: () => free }), null), expected);
});

describe("files and folders", () => {
  const facts = (change: Partial<FileFacts>): Host =>
    hostWith({ stat: () => ({ kind: "file", mode: 0o600, uid: 1000, ...change }) });
  it("are this user's, of the right kind, and closed to others", () => {
    assert.deepEqual(fileFaults(facts({}), "/x", true), []);
    assert.equal(fileFaults(facts({ mode: 0o644 }), "/x", false)[0]?.state, "warning");
    assert.equal(fileFaults(facts({ mode: 0o640 }), "/x", true)[0]?.state, "problem");
    assert.equal(fileFaults(facts({ mode: 0o640 }), "/x", true)[0]?.hint, "chmod 600 /x");
    assert.equal(fileFaults(facts({ uid: 0 }), "/x", false)[0]?.state, "problem");
    assert.equal(fileFaults(facts({ kind: "folder" }), "/x", false)[0]?.state, "problem");
    assert.equal(folderFaults(facts({}), "/x")[0]?.state, "problem");
    assert.equal(folderFaults(facts({ kind: "folder", mode: 0o755 }), "/x")[0]?.hint, "chmod 700 /x");
  });
  it("have no modes and owners where the system has none", () => {
    assert.deepEqual(fileFaults({ ...facts({ mode: 0o666, uid: 0 }), uid: null }, "/x", true), []);
  });
  it("that are missing are no fault of theirs", async () => {
    assert.deepEqual(fileFaults(hostWith({ stat: () => null }), "/x", true), []);
    assert.deepEqual(await states(folder, hostWith({ stat: () => null }), null), ["warning"]);
  });
});

test("a broker whose membership is apart from this home's is a problem, with what to do about it", async () => {
  const trouble = { code: "membership_forked", message: "the broker shows another one", hint: "ask around" };
  const health = { ...healthWith(), membership: { entries: 3, trouble } };
  const [found] = await membership.run(hostWith(), siteWith({ health }));
  assert.deepEqual(
    [found?.state, found?.message, found?.hint],
    ["problem", "the broker shows another one (membership_forked)", "ask around"],
  );
  assert.deepEqual(await states(membership, hostWith(), siteWith()), ["ok"]);
});

test("a member that was not finished goes on by the command that began it", async () => {
  const home = mkdtempSync(join(tmpdir(), "cm-members-"));
  try {
    for (const slug of ["local", "team"]) mkdirSync(join(home, "daemon", slug), { recursive: true });
    const host = hostWith({
      home,
      stat: (path) => (path.endsWith("keypair.json") ? { kind: "file", mode: 0o600, uid: 1000 } : null),
    });
    const found = await members.run(host, null);
    assert.deepEqual(found.map(({ state, hint }) => [state, hint?.split(" goes on")[0]]).toSorted(), [
      ["warning", "claudemesh join LINK"],
      ["warning", "claudemesh up"],
    ]);
  } finally {
    rmSync(home, { recursive: true });
  }
});

describe("the link", () => {
  it("is well when it is connected, whatever it failed with before", async () => {
    assert.deepEqual(await states(link, hostWith(), siteWith()), ["ok"]);
  });
  it("is a warning where another daemon of the member receives, with what helps", async () => {
    const health = healthWith({ receives: false });
    const [found] = await link.run(hostWith(), siteWith({ health }));
    assert.equal(found?.state, "warning");
    assert.match(found?.message ?? "", /only sends: another daemon with this member's keys receives/);
    assert.match(found?.hint ?? "", /claudemesh daemon down.*claudemesh mesh concurrency/);
  });
  for (const kind of linkErrorKinds) {
    it(`is explained when it failed with ${kind}`, async () => {
      const health = healthWith({ state: "waiting", last_error: "what was said", last_error_kind: kind });
      const [found] = await link.run(hostWith(), siteWith({ health }));
      assert.equal(found?.state, "problem");
      assert.match(
        found?.message ?? "",
        /^not connected to ws:\/\/127\.0\.0\.1:9\/v1\/link since .*: .+ \(what was said\)$/,
      );
      assert.ok((found?.hint ?? "").length > 10);
    });
  }
  it("tells how long it is left alone, where that is longer than a daemon waits by itself", async () => {
    const { now } = hostWith();
    for (const [ms, told] of [
      [30_000, false],
      [3_600_000, true],
    ] as const) {
      const due = new Date(now + ms).toISOString();
      const failed = {
        state: "waiting",
        last_error: "until then",
        last_error_kind: "kicked",
        next_dial_at: due,
      } as const;
      const [found] = await link.run(hostWith(), siteWith({ health: healthWith(failed) }));
      assert.equal(found?.message.endsWith(`; it is not dialled before ${due}`), told);
    }
  });
  it("is only a warning before it has failed", async () => {
    assert.deepEqual(await states(link, hostWith(), siteWith({ health: healthWith({ state: "connecting" }) })), [
      "warning",
    ]);
  });
  it("is nothing to speak of without a daemon", async () => {
    assert.deepEqual(await link.run(hostWith(), siteWith({ health: null })), []);
  });
});

describe("daemons that left the broker", () => {
  const site = {
    dir: "/home/ann/.claudemesh/broker",
    status: { state: "running", url: "ws://127.0.0.1:9/v1/link", exposed_url: null, pid: 7, data_dir: "" },
  } as const;
  const closed = (code: number | string, count: number): string =>
    `cm_broker_links_closed_by_daemons_total{code="${code}"} ${count}`;
  const found = (...lines: string[]) =>
    brokerLinks.run(hostWith({ page: async () => ({ ok: true, text: lines.join("\n") }) }), site);

  it("are told of by the code that they closed with, and what the operator can do", async () => {
    const warnings = await found(closed(4010, 1), closed(4011, 2), closed(4012, 3), closed("other", 9));
    assert.deepEqual(
      warnings.map(({ state, message }) => [state, /left it (.*?):/.exec(message)?.[1]]),
      [
        ["warning", "once with 4010 (feature_unavailable)"],
        ["warning", "2 times with 4011 (feature_param_invalid)"],
        ["warning", "3 times with 4012 (feature_param_below_floor)"],
      ],
    );
    for (const { hint } of warnings) assert.match(hint ?? "", /upgrade|config set/);
  });
  it("are nothing to speak of when nobody did, or the broker does not say", async () => {
    assert.deepEqual(await found(closed(4003, 1), closed(4012, 0)), []);
    assert.deepEqual(await brokerLinks.run(hostWith({ page: async () => null }), site), []);
    const stopped = { ...site, status: { ...site.status, state: "stopped" } } as const;
    assert.deepEqual(await brokerLinks.run(hostWith(), stopped), []);
  });
});

test("clocks may differ by what networks take, and not by minutes", async () => {
  for (const [skew, expected] of [
    [null, []],
    [-59_000, ["ok"]],
    [61_000, ["warning"]],
    [-3_600_000, ["warning"]],
  ] as const)
    assert.deepEqual(
      await states(clock, hostWith(), siteWith({ health: healthWith({ clock_skew_ms: skew }) })),
      expected,
    );
});

describe("the outbox", () => {
  const rows = (unknown: number): DaemonSite["client"] =>
    ({
      outbox: {
        list: async () => ({
          items: Array.from({ length: 3 }, (_, n) => ({ outcome_unknown: n < unknown })),
          next_cursor: null,
        }),
      },
    }) as unknown as DaemonSite["client"];
  const metrics = (seconds: number): string => `cm_daemon_outbox_age_seconds{mesh="local"} ${seconds}\n`;
  it("tells of dead rows, of unknown outcomes and of old ones, each with the command that helps", async () => {
    const health = { ...healthWith(), outbox: { pending: 3, inflight: 0, done: 0, dead: 1, aborted: 0 } };
    const found = await outbox.run(hostWith(), siteWith({ health, client: rows(2), metrics: metrics(7_300) }));
    assert.deepEqual(
      found.map(({ state, message }) => [state, message]),
      [
        ["warning", "1 message ended dead and will not be sent"],
        ["warning", "of 2 messages the broker has not yet said whether it has them"],
        ["warning", "the oldest message waits for 121 minutes"],
      ],
    );
    for (const { hint } of found) assert.match(hint ?? "", /claudemesh outbox list/);
  });
  it("is well when what waits is young", async () => {
    assert.deepEqual(await states(outbox, hostWith(), siteWith({ client: rows(0), metrics: metrics(10) })), ["ok"]);
  });
});

test("the share of the disk is read of each database from the daemon's metrics", async () => {
  const metrics =
    'cm_daemon_disk_pct{kind="outbox",mesh="local"} 81.5\ncm_daemon_disk_pct{kind="inbox",mesh="local"} 100\n';
  assert.deepEqual(await states(space, hostWith(), siteWith({ metrics })), ["warning", "problem"]);
  assert.deepEqual(await states(space, hostWith(), siteWith()), []);
  const files = (percent: number): string => `cm_daemon_disk_pct{kind="files",mesh="local"} ${percent}\n`;
  assert.deepEqual(await states(space, hostWith(), siteWith({ metrics: files(12) })), []);
  const [full] = await space.run(hostWith(), siteWith({ metrics: files(93) }));
  assert.equal(full?.message, "files on their way take 93 % of the disk space they may take");
  assert.match(full?.hint ?? "", /files\.spool_bytes_max/);
  assert.equal(metric(metrics, "cm_daemon_disk_pct", { kind: "inbox" }), 100);
  assert.equal(metric(metrics, "cm_daemon_disk"), null);
});

test("messages that cannot be opened are told of, and none are not", async () => {
  const metrics = (count: number): string => `cm_daemon_decrypt_undecryptable{mesh="local"} ${count}\n`;
  for (const count of [1, 2]) {
    const [found] = await undecryptable.run(hostWith(), siteWith({ metrics: metrics(count) }));
    assert.equal(found?.state, "warning");
    assert.match(
      found?.message ?? "",
      count === 1 ? /^1 message arrived .* it is kept/ : /^2 messages .* they are kept/,
    );
    assert.match(found?.hint ?? "", /^claudemesh inbox --undecryptable --mesh local/);
  }
  assert.deepEqual(await states(undecryptable, hostWith(), siteWith({ metrics: metrics(0) })), []);
  assert.deepEqual(await states(undecryptable, hostWith(), siteWith()), []);
});

describe("a process that does not run", () => {
  const lines =
    (...entries: object[]): Host["lastLines"] =>
    async () =>
      entries.map((entry) => JSON.stringify(entry));
  const ended = { level: 50, msg: "the daemon ends: revoked", exit_code: 23, hint: "ask an admin" };
  const stopped = siteWith({ health: null });
  it("is explained by its last end, with that end's own hint", async () => {
    const [found] = await daemonProcess.run(hostWith({ lastLines: lines(ended, { level: 30, msg: "x" }) }), stopped);
    assert.deepEqual(found, {
      state: "problem",
      message: "it ended with exit code 23 (member revoked): the daemon ends: revoked",
      hint: "ask an admin",
    });
  });
  it("is not explained by an end before its last start", async () => {
    const host = hostWith({ lastLines: lines(ended, { level: 30, msg: "runs", started: true }) });
    assert.deepEqual(await states(daemonProcess, host, stopped), ["warning"]);
  });
  it("is only a warning when it was stopped in good order", async () => {
    const host = hostWith({ lastLines: lines({ level: 30, msg: "stopped", exit_code: 0 }) });
    assert.deepEqual(await states(daemonProcess, host, stopped), ["warning"]);
  });
  it("is explained by what it said at its start when it never came to its log", async () => {
    const host = hostWith({ text: (path) => (path.endsWith("start.log") ? "Cannot find module 'ws'\n" : null) });
    const [found] = await daemonProcess.run(host, stopped);
    assert.equal(found?.message, "it did not start: Cannot find module 'ws'");
  });
  it("does run after all, somewhere, when its lock is held", async () => {
    const [found] = await daemonProcess.run(hostWith({ isLocked: () => true }), stopped);
    assert.equal(found?.state, "problem");
    assert.match(found?.message ?? "", /holds .*daemon\.lock, and nothing answers/);
  });
});

test("a broker that answers and must not get traffic is told from one that does not answer", async () => {
  const site = {
    dir: "/x",
    status: { url: "ws://127.0.0.1:9/v1/link", exposed_url: null, state: "running", pid: 1, data_dir: "/x" },
  } as const;
  const fault = { message: "the store could not read: refused", hint: "is PostgreSQL running?" };
  const logs = "claudemesh logs --broker --level warn";
  for (const [answer, said, expected, hint] of [
    [true, null, /says that it takes traffic$/, null],
    [false, fault, /must not get traffic: the store could not read: refused$/, fault.hint],
    [false, null, /must not get traffic$/, logs],
    [null, null, /does not answer$/, logs],
  ] as const) {
    const page = async () => (answer === null ? null : { ok: answer, text: "" });
    const [found, ...more] = await brokerReady.run(hostWith({ page, storeFault: async () => said }), site);
    assert.match(found?.message ?? "", expected);
    assert.equal(found?.state, answer === true ? "ok" : "problem");
    assert.equal(found?.hint, hint);
    assert.deepEqual(more, []);
  }
  const text = "cm_broker_rate_limit_fallback 1\n";
  const found = await brokerReady.run(hostWith({ page: async () => ({ ok: true, text }) }), site);
  assert.deepEqual(
    found.map(({ state }) => state),
    ["ok", "warning"],
  );
});

test("a check that fails is itself a finding, and the others are told all the same", async () => {
  const answer = await doctor(
    "/nonexistent",
    hostWith({
      home: "/nonexistent",
      free: () => {
        throw new Error("the disk is gone");
      },
    }),
  );
  assert.equal(answer.ok, false);
  assert.deepEqual(
    answer.checks.map(({ name, state }) => [name, state]),
    [
      ["node", "ok"],
      ["sqlite", "ok"],
      ["home", "ok"],
      ["disk", "problem"],
    ],
  );
});
