import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Lifetime, lifetimeWithin } from "../../test/support/on-end.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { type AnswerProxy, answerProxy } from "./answer-proxy.ts";
import type { Answer, Driver } from "./driver.ts";
import type { DriverPool } from "./driver-pool.ts";
import { match, shown } from "./match.ts";
import { sendRaw } from "./raw-request.ts";
import type { RunningMesh, RunningMember } from "./running-mesh.ts";
import { meshSlug } from "./running-mesh.ts";
import type { Deed, Outcome, Scenario, Step } from "./scenario.ts";
import { type ScriptedDaemon, scriptedDaemon } from "./scripted-daemon.ts";
import { Unfit } from "./unfit.ts";
import { filled, type Variables } from "./variables.ts";

/** How long a `becomes` is asked again until it is so. */
const becomesTimeoutMs = 30_000;

/** A client of a scenario that is played. */
interface PlayedClient {
  readonly driver: Driver;
  readonly proxy: AnswerProxy | null;
  readonly script: ScriptedDaemon | null;
}

interface Stage {
  readonly scenario: Scenario;
  readonly mesh: RunningMesh | null;
  readonly drivers: DriverPool;
  /** Those that a step has named so far. */
  readonly clients: Map<string, PlayedClient>;
  readonly begun: Map<string, { readonly client: string; readonly answer: Promise<Answer> }>;
  readonly variables: Variables;
  readonly life: Lifetime;
}

/**
 * Plays a scenario with one SDK's drivers, step by step. Throws Unfit at the first step whose outcome is not as written. `run` is a short
 * name that no other play on the same mesh has.
 */
export async function play(
  t: Lifetime,
  scenario: Scenario,
  { mesh, drivers, run }: { readonly mesh: RunningMesh | null; readonly drivers: DriverPool; readonly run: string },
): Promise<void> {
  const life = lifetimeWithin(t);
  const variables = variablesOf(mesh, run);
  const stage: Stage = { scenario, mesh, drivers, clients: new Map(), begun: new Map(), variables, life };
  try {
    for (const [n, step] of scenario.steps.entries()) {
      try {
        await playStep(stage, step);
      } catch (thrown) {
        if (!(thrown instanceof Unfit)) throw thrown;
        throw new Unfit(`step ${n + 1} of ${scenario.file}, ${shown(step.written)}\n  ${thrown.message}`);
      }
    }
  } finally {
    for (const { driver } of stage.clients.values()) await drivers.giveBack(driver);
    await life.end();
  }
}

function variablesOf(mesh: RunningMesh | null, run: string): Variables {
  const variables: Variables = new Map<string, unknown>([["run", run]]);
  if (mesh === null) return variables;
  variables.set("mesh_id", mesh.meshId).set("mesh", meshSlug);
  for (const [name, member] of mesh.members) variables.set(name, told(member));
  return variables;
}

/** What a scenario may know of a member; where its daemon listens is read when it is used, since a restart can change it. */
function told(member: RunningMember): object {
  return {
    member_id: member.memberId,
    home: member.home,
    get socket() {
      return member.daemon.unix.socketPath;
    },
    get port() {
      return member.daemon.tcp.port;
    },
    get token() {
      return member.daemon.tcp.token;
    },
  };
}

/** The client of that name, which connects where a step names it for the first time. */
async function clientOf(stage: Stage, name: string): Promise<PlayedClient> {
  const present = stage.clients.get(name);
  if (present !== undefined) return present;
  const plan = stage.scenario.clients.get(name);
  if (plan === undefined) throw new Unfit(`no client is called ${name}`);
  const driver = stage.drivers.take(filled(plan.env, stage.variables) as Readonly<Record<string, string>>);
  const member = plan.of === null ? null : memberOf(stage, plan.of);
  const proxy = plan.over === "proxy" && member !== null ? await answerProxy(stage.life, () => socketOf(member)) : null;
  const script = plan.over === "script" ? await scriptedDaemon(stage.life) : null;
  const client = { driver, proxy, script };
  stage.clients.set(name, client);
  if (plan.over === "tcp" && member !== null) {
    const { port, token } = member.daemon.tcp;
    await connectBy(driver, { port, token });
  } else if (plan.over !== "nothing") {
    const socket_path = proxy?.socketPath ?? script?.socketPath ?? (member === null ? "" : socketOf(member));
    await connectBy(driver, { socket_path });
  }
  return client;
}

async function connectBy(driver: Driver, way: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = await driver.ask("connect", way);
  if (!answer.ok) throw new Unfit(`connect failed: ${shown(answer.error)}`);
}

async function playStep(stage: Stage, step: Step): Promise<void> {
  if (step.each.length === 0) return playOnce(stage, step);
  for (const value of step.each) {
    const each = filled(value, stage.variables);
    stage.variables.set("each", each);
    try {
      await playOnce(stage, step);
    } catch (thrown) {
      if (!(thrown instanceof Unfit)) throw thrown;
      throw new Unfit(`with ${shown(each)}: ${thrown.message}`);
    }
  }
  stage.variables.delete("each");
}

async function playOnce(stage: Stage, { does, outcome }: Step): Promise<void> {
  if (outcome.kind !== "becomes") {
    const answer = await perform(stage, does);
    if (answer !== null) judge(stage, answer, outcome);
    return;
  }
  for (const until = performance.now() + becomesTimeoutMs; ; ) {
    const answer = await perform(stage, does);
    try {
      if (answer !== null) judge(stage, answer, outcome);
      return;
    } catch (thrown) {
      if (!(thrown instanceof Unfit) || performance.now() > until) throw thrown;
    }
    // What a proxy or a script has seen is told at once, without letting anything else happen.
    await new Promise(setImmediate);
  }
}

function judge({ variables }: Stage, answer: Answer, outcome: Outcome): void {
  if (outcome.kind === "fails") {
    if (answer.ok) throw new Unfit(`it was to fail with ${shown(outcome.with)}, and gave ${shown(answer.value)}`);
    return match(answer.error, outcome.with, "the error", variables);
  }
  if (!answer.ok) throw new Unfit(`it failed: ${shown(answer.error)}`);
  match(answer.value, outcome.gives, "the value", variables);
}

/** Null: nothing is answered yet. */
async function perform(stage: Stage, deed: Deed): Promise<Answer | null> {
  const { variables } = stage;
  switch (deed.kind) {
    case "call": {
      const { driver } = await clientOf(stage, deed.client);
      const answer = driver.ask(deed.op, filled(deed.with, variables) as Readonly<Record<string, unknown>>);
      if (deed.begin === null) return answer;
      // It is awaited where the step stands that ends it.
      answer.catch(() => undefined);
      stage.begun.set(deed.begin, { client: deed.client, answer });
      return null;
    }
    case "end": {
      const begun = stage.begun.get(deed.of);
      if (begun === undefined) throw new Unfit(`nothing was begun by the name ${deed.of}`);
      return begun.answer;
    }
    case "host":
      await (stage.mesh ?? noMesh()).act(deed.action, deed.program);
      return given(null);
    case "lose":
      (await clientOf(stage, deed.of)).proxy?.loseAnswers(filled(deed.rule, variables) as typeof deed.rule);
      return given(null);
    case "release":
      (await clientOf(stage, deed.of)).proxy?.release();
      return given(null);
    case "cut":
      (await clientOf(stage, deed.of)).proxy?.cut(deed.hold);
      return given(null);
    case "script":
      (await clientOf(stage, deed.of)).script?.add(filled(deed.answers, variables) as typeof deed.answers);
      return given(null);
    case "seen": {
      const { proxy, script } = await clientOf(stage, deed.by);
      return given((proxy ?? script)?.seen(filled(deed.path, variables) as typeof deed.path));
    }
    case "http": {
      const request = filled(deed.request, variables) as typeof deed.request;
      return given(await sendRaw(memberOf(stage, request.to).daemon, request));
    }
    case "home": {
      // The name that it has in a user's own home, so that HOME can mean it too.
      const home = join(tempFolder(stage.life), ".claudemesh");
      const root = join(home, "daemon");
      mkdirSync(root, { recursive: true });
      for (const [slug, member] of Object.entries(deed.daemons))
        symlinkSync(memberOf(stage, member).dir, join(root, slug));
      variables.set(deed.name, home);
      return given(null);
    }
  }
}

function given(value: unknown): Answer {
  return { ok: true, value };
}

function memberOf({ mesh }: Stage, name: string): RunningMember {
  return (mesh ?? noMesh()).members.get(name) ?? noMember(name);
}

function socketOf(member: RunningMember): string {
  return member.daemon.unix.socketPath;
}

function noMesh(): never {
  throw new Unfit("the scenario has no mesh");
}

function noMember(name: string): never {
  throw new Unfit(`no member is called ${name}`);
}
