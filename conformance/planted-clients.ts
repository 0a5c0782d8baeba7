import { type Lifetime, lifetimeWithin } from "../test/support/on-end.ts";
import { runCommand } from "./command.ts";
import type { LanguageName } from "./languages.ts";
import { type ClientBug, clientBugs } from "./planted/client-bugs.ts";
import { copyCheckout } from "./planted/copied-checkout.ts";
import { huntCommand } from "./planted/hunt-command.ts";
import { processLifetime } from "./runner/lifetime.ts";
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
  const { life, end } = processLifetime();
  try {
    return await huntCommand(usage, async (language, found) => {
      for (const bug of clientBugs[language]) {
        const caught = await caughtBy(life, language, bug);
        found({ bug, caught: caught?.split("\n").at(-1)?.trim() ?? null });
      }
    });
  } finally {
    await end();
  }
}

if (import.meta.main) await runCommand(usage, main);
