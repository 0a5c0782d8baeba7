import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { check, checkKeys, listIn, objectIn, optionIn, textIn, type Written } from "./read-written.ts";
import { readStep } from "./read-step.ts";
import type { ClientPlan, Scenario } from "./scenario.ts";

const folder = fileURLToPath(new URL("../scenarios/", import.meta.url));

/** Every scenario that there is, file by file. Throws where one is not written as the README says. */
export function readScenarios(): readonly Scenario[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  const scenarios = files.sort().flatMap((file) => readFile(file, readFileSync(join(folder, file), "utf8")));
  const names = new Set<string>();
  for (const { name, file } of scenarios) {
    check(!names.has(name), file, `two scenarios are called "${name}"`);
    names.add(name);
  }
  return scenarios;
}

/** The scenarios of one file's text: a list. */
export function readFile(file: string, text: string): readonly Scenario[] {
  const written: unknown = parse(text);
  check(Array.isArray(written), file, "a file of scenarios is a list of them");
  return written.map((one: unknown, n) => readScenario(file, one, n));
}

const keys = ["name", "proves", "mesh", "members", "clients", "steps"];
const meshes = ["shared", "own", "none"] as const;
const defaultMembers = ["alice", "bob"];
/** Every shared mesh has these. */
const sharedMembers = new Set(defaultMembers);

function readScenario(file: string, value: unknown, n: number): Scenario {
  const nth = `${file}, scenario ${n + 1}`;
  const written = objectIn(nth, value);
  const name = textIn(nth, written, "name");
  const where = `${file}, "${name}"`;
  checkKeys(where, written, keys);
  const mesh = optionIn(where, written, "mesh", meshes) ?? "shared";
  const asked = written["members"] === undefined ? null : listIn(where, written, "members").map(String);
  const members = asked ?? (mesh === "none" ? [] : defaultMembers);
  check(
    mesh !== "shared" || members.every((member) => sharedMembers.has(member)),
    where,
    `the shared mesh has ${defaultMembers.join(" and ")}: say mesh: own`,
  );
  const clients = readClients(where, written["clients"], members);
  const steps = listIn(where, written, "steps").map((step, at) =>
    readStep(`${where}, step ${at + 1}`, step, { clients, members }),
  );
  return { name, file, proves: textIn(where, written, "proves"), mesh, members, clients, steps };
}

const clientKeys = ["of", "over", "env"];
const ways = ["socket", "tcp", "proxy", "script", "nothing"] as const;

/** Without any, one of every member, over its socket. */
function readClients(where: string, value: unknown, members: readonly string[]): ReadonlyMap<string, ClientPlan> {
  const direct: ClientPlan[] = members.map((of) => ({ of, over: "socket", env: {} }));
  const clients = new Map(direct.map((plan): [string, ClientPlan] => [plan.of ?? "", plan]));
  if (value === undefined) return clients;
  for (const [name, plan] of Object.entries(objectIn(`${where}, clients`, value)))
    clients.set(name, readClient(`${where}, client ${name}`, objectIn(`${where}, client ${name}`, plan), members));
  return clients;
}

function readClient(where: string, written: Written, members: readonly string[]): ClientPlan {
  checkKeys(where, written, clientKeys);
  const of = written["of"] === undefined ? null : textIn(where, written, "of");
  check(of === null || members.includes(of), where, `no member is called ${of}`);
  const over = optionIn(where, written, "over", ways) ?? "socket";
  check(of !== null || over === "script" || over === "nothing", where, "it has to say of which member's daemon it is");
  const env = written["env"] === undefined ? {} : objectIn(where, written["env"]);
  return {
    of,
    over,
    env: Object.fromEntries(Object.entries(env).map(([name, text]) => [name, String(text)])),
  };
}
