import { parseArgs } from "node:util";
import { type Lifetime, lifetimeWithin } from "../test/support/on-end.ts";
import { type LanguageName, languages } from "./languages.ts";
import { type ClientBug, clientBugs } from "./planted/client-bugs.ts";
import { copyCheckout } from "./planted/copied-checkout.ts";
import { processLifetime } from "./runner/lifetime.ts";
import { isMisuse } from "./runner/misuse.ts";
import { readScenarios } from "./runner/read-scenarios.ts";
import { sdkOf } from "./runner/sdks.ts";
import { theatre } from "./runner/theatre.ts";
import { Unfit } from "./runner/unfit.ts";

const usage = `usage: npm run conformance:planted-clients -- [--sdk NAME,…]

Plants one mistake after the other in a copy of each SDK's client, and wants the scenario that it names to fail.
Exit codes: 0 every bug is caught, 1 one is not, 2 wrong use.
`;

/** How its scenario caught the bug; null: it passed. Throws where the driver does not even start: then it tests nothing. */
export async function caughtBy(t: Lifetime, language: LanguageName, bug: ClientBug): Promise<string | null> {
  const scenario = readScenarios().find(({ name }) => name === bug.scenario);
  if (scenario === undefined) throw new Error(`"${bug.name}": no scenario is called "${bug.scenario}"`);
  const copy = copyCheckout(language);
  const life = lifetimeWithin(t);
  try {
    copy.plant(bug);
    const stage = await theatre(life, sdkOf(language, copy.root)).catch((thrown: unknown) => {
      throw new Error(`${language}, "${bug.name}": ${String(thrown)}`, { cause: thrown });
    });
    return await failureOf(stage.play(scenario));
  } finally {
    await life.end();
    copy.remove();
  }
}

async function failureOf(played: Promise<void>): Promise<string | null> {
  try {
    await played;
    return null;
  } catch (thrown) {
    if (thrown instanceof Unfit) return thrown.message;
    throw thrown;
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { sdk: { type: "string" }, help: { type: "boolean" } } });
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const named = values.sdk?.split(",") ?? languages.map(({ name }) => name);
  const unknown = named.filter((name) => !languages.some((language) => language.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`no SDK is called ${unknown.join(", ")}\n\n${usage}`);
    return 2;
  }
  const { life, end } = processLifetime();
  const escaped: string[] = [];
  let count = 0;
  for (const { name, missing } of languages.filter((language) => named.includes(language.name))) {
    if (missing !== null) {
      process.stderr.write(`${name} is left out: ${missing}\n`);
      continue;
    }
    for (const bug of clientBugs[name]) {
      count += 1;
      const caught = await caughtBy(life, name, bug);
      process.stderr.write(`${bug.file}: ${bug.name}: ${caught?.split("\n").at(-1)?.trim() ?? "NOT CAUGHT"}\n`);
      if (caught === null) escaped.push(`${name}: ${bug.name} (${bug.file})`);
    }
  }
  await end();
  process.stdout.write(
    escaped.length === 0
      ? `all ${count} planted bugs are caught\n`
      : `${escaped.length} of ${count} planted bugs are not caught:\n${escaped.join("\n")}\n`,
  );
  return escaped.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (thrown) {
    if (!isMisuse(thrown)) throw thrown;
    process.stderr.write(`${thrown.message}\n\n${usage}`);
    process.exitCode = 2;
  }
}
