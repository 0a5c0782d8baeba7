import { parseArgs } from "node:util";
import type { Lifetime } from "../test/support/on-end.ts";
import { Misuse, runCommand } from "./command.ts";
import { processLifetime } from "./runner/lifetime.ts";
import { readScenarios } from "./runner/read-scenarios.ts";
import { Miswritten } from "./runner/read-written.ts";
import { reportTable } from "./runner/report-table.ts";
import type { Scenario } from "./runner/scenario.ts";
import { type Sdk, sdkNames, sdkOf } from "./runner/sdks.ts";
import { type Theatre, theatre } from "./runner/theatre.ts";
import { Unfit } from "./runner/unfit.ts";

const usage = `usage: npm run conformance:scenarios -- [--sdk NAME,…] [--only PART-OF-A-NAME] [--list]

Plays the scenarios with each SDK (${sdkNames.join(", ")}) against live daemons and brokers, side by side, each on a
mesh of its own. An SDK whose tool is missing is left out, and said so.
Exit codes: 0 all is as the scenarios say, 1 something is not, 2 wrong use.
`;

async function main(): Promise<number> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof Miswritten)) throw thrown;
    process.stderr.write(`${thrown.message}\n`);
    return 2;
  }
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sdk: { type: "string" },
      only: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const scenarios = readScenarios().filter(({ name }) => values.only === undefined || name.includes(values.only));
  if (values.list) {
    for (const { name, proves, file } of scenarios) process.stdout.write(`${file}  ${name}\n    ${proves}\n`);
    return 0;
  }
  const asked = chosen(values.sdk?.split(",") ?? sdkNames);
  if (scenarios.length === 0) throw new Misuse(`no scenario's name has "${values.only}" in it: --list shows them`);
  const began = performance.now();
  const { life, end } = processLifetime();
  try {
    const results = await Promise.all(
      asked.map(async (sdk) => [sdk.name, await playAll(life, sdk, scenarios)] as const),
    );
    const { text, failed } = reportTable(scenarios, new Map(results));
    process.stdout.write(`\n${text}in ${Math.round((performance.now() - began) / 1_000)} s\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    await end();
  }
}

function chosen(names: readonly string[]): readonly Sdk[] {
  return names.map((name) => {
    const found = sdkNames.find((known) => known === name);
    if (found === undefined) throw new Misuse(`no SDK is called ${name}; there are ${sdkNames.join(", ")}`);
    return sdkOf(found);
  });
}

/** By scenario: null where all is as it says, else what is not. Null altogether: the SDK cannot be driven here. */
async function playAll(
  life: Lifetime,
  sdk: Sdk,
  scenarios: readonly Scenario[],
): Promise<ReadonlyMap<string, string | null> | null> {
  if (sdk.missing !== null) {
    process.stdout.write(`skip  ${sdk.name}: ${sdk.missing}\n`);
    return null;
  }
  const results = new Map<string, string | null>();
  const stage = theatre(life, sdk);
  for (const scenario of scenarios) {
    const began = performance.now();
    const failure = await failureOf(stage, scenario);
    results.set(scenario.name, failure);
    const took = `${((performance.now() - began) / 1_000).toFixed(1)} s`;
    process.stdout.write(`${failure === null ? "ok  " : "FAIL"}  ${sdk.name}  ${scenario.name}  (${took})\n`);
    if (failure !== null) process.stdout.write(`  ${failure}\n`);
  }
  return results;
}

/** A driver that does not even start fails each scenario, not the run. */
async function failureOf(stage: Promise<Theatre>, scenario: Scenario): Promise<string | null> {
  try {
    await (await stage).play(scenario);
    return null;
  } catch (thrown) {
    if (thrown instanceof Unfit) return thrown.message;
    throw thrown;
  }
}

await runCommand(usage, main);
