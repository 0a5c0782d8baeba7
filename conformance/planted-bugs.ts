import { startAdapter } from "./adapter.ts";
import { type Check, failures, vectorChecks } from "./check-vectors.ts";
import { runCommand } from "./command.ts";
import { adapterCommand, type LanguageName } from "./languages.ts";
import { type CopiedCheckout, copyCheckout } from "./planted/copied-checkout.ts";
import { goBugs } from "./planted/go.ts";
import { type Hunted, huntCommand } from "./planted/hunt-command.ts";
import type { PlantedBug } from "./planted/planted-bug.ts";
import { pythonBugs } from "./planted/python.ts";
import { typescriptBugs } from "./planted/typescript.ts";

const usage = `usage: npm run conformance:planted -- [--sdk NAME,…]

Plants one bug after the other in a copy of each SDK, and wants the vectors to fail for each.
Exit codes: 0 every bug is caught, 1 one is not, 2 wrong use.
`;

/** Every bug, by the SDK that it is planted in. */
export const plantedBugs: Readonly<Record<LanguageName, readonly PlantedBug[]>> = {
  typescript: typescriptBugs,
  python: pythonBugs,
  go: goBugs,
};

/** Throws where the copy is not sound to begin with, or a bug keeps its adapter from starting: then nothing is told by a failure. */
export async function hunt(
  language: LanguageName,
  bugs: readonly PlantedBug[],
  found: (hunted: Hunted) => void = () => {},
): Promise<Hunted[]> {
  const copy = copyCheckout(language);
  const checks = vectorChecks();
  const all: Hunted[] = [];
  try {
    const before = await whatFails(language, copy, checks);
    if (before !== null) throw new Error(`${language}: the vectors fail without any planted bug: ${before}`);
    for (const bug of bugs) {
      const takeOut = copy.plant(bug);
      const caught = await whatFails(language, copy, checks).catch((thrown: unknown) => {
        throw new Error(`${language}, "${bug.name}" (${bug.file}): ${String(thrown)}`, { cause: thrown });
      });
      const hunted = { bug, caught };
      takeOut();
      found(hunted);
      all.push(hunted);
    }
    return all;
  } finally {
    copy.remove();
  }
}

/** null: nothing does. An adapter that ends over a vector fails; one that answers nothing at all is no adapter: throws. */
async function whatFails(
  language: LanguageName,
  copy: CopiedCheckout,
  checks: readonly Check[],
): Promise<string | null> {
  const adapter = startAdapter(adapterCommand(language, copy.root), {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", NODE_COMPILE_CACHE: "" },
  });
  try {
    await adapter.ask([{ op: "canonicalize", text: "1" }]);
    const failed = await failures(adapter, checks).catch((thrown: unknown) => [String(thrown)]);
    return failed.length === 0 ? null : `${failed.length} vectors, first: ${failed[0]?.split("\n")[0]}`;
  } finally {
    await adapter.kill();
  }
}

if (import.meta.main)
  await runCommand(usage, () => huntCommand(usage, (language, found) => hunt(language, plantedBugs[language], found)));
