import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../../test/support/run.ts";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { exitCodes } from "../exit-codes.ts";
import { launchdPlist } from "./launchd-plist.ts";
import { readServiceMark } from "./service-mark.ts";
import { checkSpec, programWords, type ServiceSpec, serviceName } from "./service-spec.ts";
import { laptop, mac, server, serverBroker, windows } from "./service-spec.fixture.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { windowsTask, windowsTaskBytes } from "./windows-task.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const goldens: Readonly<Record<string, string>> = {
  "deploy/claudemesh-daemon.service": systemdUnit(server),
  "deploy/claudemesh-broker.service": systemdUnit(serverBroker),
  "test/golden/service/user.service": systemdUnit({ ...laptop, mesh: "team" }),
  "test/golden/service/agent.plist": launchdPlist(mac, "claudemesh.daemon"),
  "test/golden/service/system.plist": launchdPlist(
    { ...mac, of: "broker", scope: "system", user: "_claudemesh", home: "/Library/Application Support/claudemesh" },
    "claudemesh.broker",
  ),
  "test/golden/service/user-task.xml": windowsTask(windows),
  "test/golden/service/system-task.xml": windowsTask({ ...windows, scope: "system", mesh: "team" }),
};

for (const [path, text] of Object.entries(goldens))
  test(`${path} is what the program writes: a change of a writer is seen in what comes of it`, () => {
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(join(root, path), text);
    const again =
      "UPDATE_GOLDEN=1 node --test src/bin/service/service-files.test.ts writes it anew; look at the difference";
    assert.equal(readFileSync(join(root, path), "utf8"), text, again);
  });

/** Everything that one of the formats has a meaning for, in a folder's name. */
const hostile = 'it\'s "50%" of $HOME; <a & b> \\ --x %h $(id) \u00fc\u{1f642} end\\';
const strange: ServiceSpec = {
  ...laptop,
  node: `/opt/${hostile}/node`,
  program: `/opt/${hostile}/claudemesh.js`,
  home: `/srv/${hostile}`,
};

test("every path comes back from systemd's rules as it went in", () => {
  const node = "/opt/a $HOME 50% b; \u00fc/node";
  const spec: ServiceSpec = { ...strange, node, scope: "system", user: "claudemesh" };
  const unit = systemdUnit(spec);
  const line = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
  const [first, ...words] = unquoted(line("ExecStart"));
  assert.deepEqual([first, ...words.map((word) => word.replaceAll("$$", "$"))], [node, ...programWords(spec, false)]);
  // One that stands alone begins a variable.
  for (const word of words) assert.ok(!word.replaceAll("$$", "").includes("$"), word);
  for (const refused of ['/opt/"a"/node', "/opt/it's/node", "/opt/a\\b/node"])
    assert.throws(() => systemdUnit({ ...spec, node: refused }), { code: "invalid_field" }, refused);
  assert.deepEqual(unquoted(line("ReadWritePaths")), [strange.home]);
  assert.ok(line("Description").replaceAll("%%", "%").trimEnd().endsWith(strange.home));
  assert.doesNotMatch(unit, /\\$/m, "no line takes the next one in");
});

/** Words in double quotes, backslash escapes and `%%`, as systemd.syntax(7) has them. */
function unquoted(value: string): string[] {
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) =>
    word.replace(/\\(.)/g, "$1").replaceAll("%%", "%"),
  );
}

test("every path comes back from a property list as it went in, by another parser", async () => {
  const read = await python(
    "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))",
    launchdPlist(strange, "claudemesh.daemon"),
  );
  const plist = JSON.parse(read) as Record<string, unknown>;
  assert.deepEqual(plist["ProgramArguments"], [strange.node, ...programWords(strange, true)]);
  assert.equal(plist["Label"], "claudemesh.daemon");
  assert.deepEqual(plist["KeepAlive"], { SuccessfulExit: false });
  assert.ok((plist["ThrottleInterval"] as number) >= 10);
  assert.equal(plist["Umask"], 0o077);
  assert.equal(plist["StandardErrorPath"], `${strange.home}/service-daemon.err`);
});

test("a task is UTF-16 that another parser reads, with what Task Scheduler needs in its order, and every path as it went in", async () => {
  const spec = { ...strange, node: `C:\\${hostile}\\node.exe`, home: `C:\\${hostile}`, user: "HOST\\Ünal" };
  const read = await python(
    `import json, sys, xml.etree.ElementTree as E
t = E.fromstring(sys.stdin.buffer.read()); n = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
print(json.dumps({"tag": t.tag.replace(n, ""), "order": [e.tag.replace(n, "") for e in t],
  "settings": {e.tag.replace(n, ""): (e.text or "").strip() for e in t.find(n + "Settings")},
  "user": t.findtext(f".//{n}Principal/{n}UserId"), "count": t.findtext(f".//{n}Count"),
  "command": t.findtext(f".//{n}Command"), "arguments": t.findtext(f".//{n}Arguments"), "mark": t.findtext(f".//{n}Documentation")}))`,
    windowsTaskBytes(windowsTask(spec)),
  );
  const task = JSON.parse(read) as Record<string, string> & { settings: Record<string, string> };
  assert.deepEqual(task["order"], ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]);
  assert.equal(task["user"], spec.user);
  assert.equal(task["command"], spec.node);
  assert.deepEqual(windowsWords(task["arguments"] ?? ""), programWords(spec, true));
  assert.equal(task.settings["MultipleInstancesPolicy"], "IgnoreNew");
  assert.equal(task.settings["ExecutionTimeLimit"], "PT0S");
  const count = Number(task["count"]);
  assert.ok(count >= 1 && count <= 255);
  assert.equal(readServiceMark(task["mark"] ?? "")?.home, spec.home);
});

/** The rules by which a program of Windows reads its command line. */
function windowsWords(line: string): string[] {
  const words: string[] = [];
  let [word, inQuotes, begun] = ["", false, false];
  for (let at = 0; at < line.length; at += 1) {
    const [run = ""] = /^\\*/.exec(line.slice(at)) ?? [];
    if (run !== "" && line[at + run.length] === '"') {
      word += "\\".repeat(Math.floor(run.length / 2));
      at += run.length;
      begun = true;
      if (run.length % 2 === 1) word += '"';
      else inQuotes = !inQuotes;
    } else if (line[at] === '"') {
      inQuotes = !inQuotes;
      begun = true;
    } else if (/[ \t]/.test(line[at] ?? "") && !inQuotes) {
      if (begun) words.push(word);
      [word, begun] = ["", false];
    } else {
      word += line[at];
      begun = true;
    }
  }
  return begun ? [...words, word] : words;
}

test("systemd itself finds nothing wrong with a unit, of a user or of the system, whatever the paths", {
  skip: !existsSync("/usr/bin/systemd-analyze"),
}, async (t) => {
  const folder = tempFolder(t);
  const programs = join(folder, "a 50% $HOME; <a & b> %h \u00fc");
  mkdirSync(programs);
  for (const name of ["node", "claudemesh.js"]) {
    copyFileSync("/bin/true", join(programs, name));
    chmodSync(join(programs, name), 0o755);
  }
  const spec = { ...laptop, node: join(programs, "node"), program: join(programs, "claudemesh.js"), home: programs };
  const env = { ...process.env, XDG_RUNTIME_DIR: folder };
  for (const kind of ["daemon", "broker"] as const)
    for (const scope of ["user", "system"] as const) {
      const path = join(folder, `claudemesh-${kind}.service`);
      writeFileSync(path, systemdUnit({ ...spec, of: kind, scope, user: scope === "system" ? "root" : null }));
      const verified = await run(
        "/usr/bin/systemd-analyze",
        [...(scope === "user" ? ["--user"] : []), "verify", path],
        { env },
      );
      assert.deepEqual([verified.code, verified.stderr], [0, ""], `${kind} ${scope}`);
    }
});

test("what systemd-analyze measures of a service of the system stays as little exposed as it is", {
  skip: !existsSync("/usr/bin/systemd-analyze"),
}, async () => {
  const exposure = async (name: string): Promise<number> => {
    const path = join(root, "deploy", name);
    const { stdout } = await run("/usr/bin/systemd-analyze", ["security", "--offline=true", "--no-pager", path]);
    return Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  };
  // 0 is none, 10 everything; docs/services.md names the figure.
  // A daemon's may make the namespaces that its hooks are contained by.
  assert.ok((await exposure("claudemesh-daemon.service")) <= 2.4);
  assert.ok((await exposure("claudemesh-broker.service")) <= 1.9);
});

test("a service is left alone after exactly the ends that another start would not mend", () => {
  const prevented = /^RestartPreventExitStatus=(.*)$/m.exec(systemdUnit(server))?.[1]?.split(" ").map(Number) ?? [];
  for (const [name, code] of Object.entries(exitCodes))
    assert.equal(prevented.includes(code), !["ok", "unexpected", "store_failed"].includes(name), name);
  assert.ok(prevented.includes(3), "and after there is no such daemon in the home");
});

test("a path that no service file can say is refused before anything is written", () => {
  for (const home of ["/srv/a\nExecStart=/bin/evil", "/srv/a\u0000", "/srv/\u0085", "/srv/\ud800"])
    assert.throws(() => checkSpec({ ...laptop, home }), { code: "invalid_field" }, JSON.stringify(home));
  for (const user of ["", "a b", "-x", 'a"', "a%", "a/b", "a:b"])
    assert.throws(() => checkSpec({ ...server, user }), { code: "invalid_field" }, JSON.stringify(user));
  for (const user of ["claudemesh", "_www", "svc-mesh", "ünal", "HOST\\Alice", "a.b@example"])
    checkSpec({ ...server, user });
});

test("two homes, two meshes and two kinds never share a name", () => {
  const usual = laptop.home;
  const names = [
    serviceName(laptop, usual),
    serviceName({ ...laptop, mesh: "team" }, usual),
    serviceName({ ...laptop, of: "broker" }, usual),
    serviceName({ ...laptop, home: "/srv/other" }, usual),
    serviceName({ ...laptop, home: "/srv/other", mesh: "team" }, usual),
  ];
  assert.equal(names[0], "claudemesh-daemon");
  assert.equal(new Set(names).size, names.length);
});

test("a mark says the same from every format, and a file without one is nobody's", () => {
  const spec = { ...strange, node: "/opt/a -- b/node" };
  for (const text of [systemdUnit(spec), launchdPlist(spec, "x"), windowsTask(spec)])
    assert.deepEqual(readServiceMark(text), {
      of: "daemon",
      home: spec.home,
      mesh: null,
      node: spec.node,
      program: spec.program,
    });
  for (const text of ["", "claudemesh-service", 'claudemesh-service {"of":"daemon"}', "claudemesh-service {x}"])
    assert.equal(readServiceMark(text), null, text);
});

async function python(program: string, input: string | Uint8Array): Promise<string> {
  const ran = await run("python3", ["-c", program], { input });
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}
