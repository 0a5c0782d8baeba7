import { parseArgs } from "node:util";
import { startAdapter } from "./adapter.ts";
import { type Check, failures, vectorChecks } from "./check-vectors.ts";
import { adapterCommand, type LanguageName, languages } from "./languages.ts";
import { type CopiedCheckout, copyCheckout } from "./planted/copied-checkout.ts";
import { goBugs } from "./planted/go.ts";
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

/** What became of a bug. */
export interface Hunted {
  readonly bug: PlantedBug;
  /** How the vectors caught it; null: they did not. */
  readonly caught: string | null;
}

/** Throws where the copy is not sound to begin with: then nothing is told by a failure. */
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
      const hunted = { bug, caught: await whatFails(language, copy, checks) };
      takeOut();
      found(hunted);
      all.push(hunted);
    }
    return all;
  } finally {
    copy.remove();
  }
}

/** null: nothing does. */
async function whatFails(
  language: LanguageName,
  copy: CopiedCheckout,
  checks: readonly Check[],
): Promise<string | null> {
  const adapter = startAdapter(adapterCommand(language, copy.root), {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", NODE_COMPILE_CACHE: "" },
  });
  try {
    const failed = await failures(adapter, checks);
    return failed.length === 0 ? null : `${failed.length} vectors, first: ${failed[0]?.split("\n")[0]}`;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  } finally {
    await adapter.kill();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { sdk: { type: "string" }, help: { type: "boolean" } } });
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const named = values.sdk?.split(",");
  const asked = languages.filter(({ name }) => named?.includes(name) ?? true);
  if (named !== undefined && asked.length !== named.length)
    throw new TypeError(`--sdk takes ${languages.map(({ name }) => name).join(", ")}`);
  const escaped: string[] = [];
  let count = 0;
  for (const { name, missing } of asked) {
    if (missing !== null) {
      process.stderr.write(`${name} is left out: ${missing}\n`);
      continue;
    }
    for (const { bug, caught } of await hunt(name, plantedBugs[name], say)) {
      count += 1;
      if (caught === null) escaped.push(`${name}: ${bug.name} (${bug.file})`);
    }
  }
  process.stdout.write(
    escaped.length === 0
      ? `all ${count} planted bugs are caught\n`
      : `${escaped.length} of ${count} planted bugs are not caught:\n${escaped.join("\n")}\n`,
  );
  return escaped.length === 0 ? 0 : 1;

  function say({ bug, caught }: Hunted): void {
    process.stderr.write(`${bug.file}: ${bug.name}: ${caught ?? "NOT CAUGHT"}\n`);
  }
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const isMisuse = error instanceof TypeError;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${isMisuse ? `\n${usage}` : ""}`);
    process.exitCode = isMisuse ? 2 : 1;
  }
}
