import { parseArgs } from "node:util";
import { chosenLanguages } from "../command.ts";
import type { LanguageName } from "../languages.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** What became of a bug. */
export interface Hunted {
  readonly bug: PlantedBug;
  /** How it was caught; null: it was not. */
  readonly caught: string | null;
}

/** Hunts the bugs of each SDK that is asked for, and reports each; exit code 1 when one is not caught. */
export async function huntCommand(
  usage: string,
  hunt: (language: LanguageName, found: (hunted: Hunted) => void) => Promise<unknown>,
): Promise<number> {
  const { values } = parseArgs({ options: { sdk: { type: "string" }, help: { type: "boolean", default: false } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const escaped: string[] = [];
  let count = 0;
  for (const { name } of chosenLanguages(values.sdk))
    await hunt(name, ({ bug, caught }) => {
      count += 1;
      process.stderr.write(`${bug.file}: ${bug.name}: ${caught ?? "NOT CAUGHT"}\n`);
      if (caught === null) escaped.push(`${name}: ${bug.name} (${bug.file})`);
    });
  process.stdout.write(
    escaped.length === 0
      ? `all ${count} planted bugs are caught\n`
      : `${escaped.length} of ${count} planted bugs are not caught:\n${escaped.join("\n")}\n`,
  );
  return escaped.length === 0 ? 0 : 1;
}
