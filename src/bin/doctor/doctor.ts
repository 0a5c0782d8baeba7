import type { DoctorAnswer, Finding } from "../../cli/launcher.ts";
import { canBeRead } from "../../daemon/ordinary-files.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { check as agents } from "./agents.ts";
import { check as brokerCertificate } from "./broker-certificate.ts";
import { check as brokerConfig } from "./broker-config.ts";
import { check as brokerFiles } from "./broker-files.ts";
import { check as brokerLinks } from "./broker-links.ts";
import { check as brokerProcess } from "./broker-process.ts";
import { check as brokerReady } from "./broker-ready.ts";
import { check as brokerStore } from "./broker-store.ts";
import { check as certificate } from "./certificate.ts";
import { type BrokerCheck, type Check, type DaemonCheck, type HomeCheck, problem } from "./check.ts";
import { check as clock } from "./clock.ts";
import { check as codingAgents } from "./coding-agents.ts";
import { check as copies } from "./copies.ts";
import { check as daemonConfig } from "./daemon-config.ts";
import { check as daemonFiles } from "./daemon-files.ts";
import { check as daemonProcess } from "./daemon-process.ts";
import { check as daemonStores } from "./daemon-stores.ts";
import { check as disk } from "./disk.ts";
import { check as environment } from "./environment.ts";
import { check as fileSystem } from "./file-system.ts";
import { check as folder } from "./home-folder.ts";
import { check as formerKeys } from "./former-keys.ts";
import { check as hooks } from "./hooks.ts";
import { check as hooksContainment } from "./hooks-containment.ts";
import { check as hostFingerprint } from "./host-fingerprint.ts";
import { createHost, type Host } from "./host.ts";
import { check as identity } from "./identity.ts";
import { check as link } from "./link.ts";
import { check as membership } from "./membership.ts";
import { check as members } from "./members.ts";
import { check as node } from "./node.ts";
import { check as outbox } from "./outbox.ts";
import { check as services } from "./services.ts";
import { check as setAside } from "./set-aside.ts";
import { brokerSite, daemonSites } from "./sites.ts";
import { check as socket } from "./socket.ts";
import { check as space } from "./space.ts";
import { check as sqlite } from "./sqlite.ts";
import { check as token } from "./token.ts";
import { check as undecryptable } from "./undecryptable.ts";

/** Everything that is looked at, in the order it is told. A check is one file and one line. */
const homeChecks: readonly HomeCheck[] = [
  node,
  sqlite,
  environment,
  folder,
  fileSystem,
  disk,
  members,
  setAside,
  services,
  codingAgents,
];
const daemonChecks: readonly DaemonCheck[] = [
  daemonFiles,
  daemonConfig,
  identity,
  hostFingerprint,
  formerKeys,
  daemonStores,
  socket,
  daemonProcess,
  token,
  hooks,
  hooksContainment,
  link,
  certificate,
  membership,
  copies,
  clock,
  outbox,
  undecryptable,
  agents,
  space,
];
const brokerChecks: readonly BrokerCheck[] = [
  brokerFiles,
  brokerConfig,
  brokerCertificate,
  brokerStore,
  brokerProcess,
  brokerReady,
  brokerLinks,
];

/** Names of what may be found, without the mesh: `node`, `daemon/link`, `broker/ready`. */
export const findingNames: readonly string[] = [
  ...homeChecks.map(({ name }) => name),
  ...daemonChecks.map(({ name }) => `daemon/${name}`),
  ...brokerChecks.map(({ name }) => `broker/${name}`),
];

/** Looks at a home in whatever state it is. Nothing in it is changed, and nothing that it holds makes this throw. */
export async function doctor(home: string, host: Host = createHost(home, Date.now())): Promise<DoctorAnswer> {
  const checks: Finding[] = [];
  for (const check of homeChecks) checks.push(...(await findings(check, host, null, "")));
  for (const site of await daemonSites(home)) {
    // Reading on would wait for ever at a pipe: what is in the way is told, and the rest when it is gone.
    const seen = canBeRead(site.dir) ? daemonChecks : [daemonFiles];
    const told = new Set<string>();
    for (const check of seen) checks.push(...(await findings(check, host, site, `daemon/${site.slug}/`, told)));
    site.close();
  }
  const broker = await brokerSite(home);
  const told = new Set<string>();
  if (broker !== null)
    for (const check of brokerChecks) checks.push(...(await findings(check, host, broker, "broker/", told)));
  return { checks, ok: checks.every(({ state }) => state !== "problem") };
}

/** What keeps several checks of a site from looking, such as a record that cannot be read, is told by the first of them. */
async function findings<Site>(
  check: Check<Site>,
  host: Host,
  site: Site,
  prefix: string,
  told = new Set<string>(),
): Promise<Finding[]> {
  const name = `${prefix}${check.name}`;
  try {
    return (await check.run(host, site)).map((outcome) => ({ name, ...outcome }));
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    if (told.has(error.message)) return [];
    told.add(error.message);
    return [{ name, ...problem(error.message, error.hint ?? "claudemesh logs") }];
  }
}
