import { type Language, languages } from "./languages.ts";

/** Something was typed that the usage does not have. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** Runs one of the commands of this folder. Exit code 2, with the usage: it was called wrongly; what else is thrown is a fault of its own. */
export async function runCommand(usage: string, main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (thrown) {
    if (!isMisuse(thrown)) throw thrown;
    process.stderr.write(`${thrown.message}\n\n${usage}`);
    process.exitCode = 2;
  }
}

/** Those of `--sdk` (absent: all) whose tools are here. That one is left out is said. */
export function chosenLanguages(names: string | undefined): readonly Language[] {
  const named = names?.split(",") ?? languages.map(({ name }) => name);
  const unknown = named.filter((name) => !languages.some((language) => language.name === name));
  if (unknown.length > 0)
    throw new Misuse(`--sdk takes ${languages.map(({ name }) => name).join(", ")}, and not ${unknown.join(", ")}`);
  const chosen = languages.filter(({ name }) => named.includes(name));
  for (const { name, missing } of chosen)
    if (missing !== null) process.stderr.write(`${name} is left out: ${missing}\n`);
  return chosen.filter(({ missing }) => missing === null);
}

function isMisuse(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false;
  return thrown instanceof Misuse || ("code" in thrown && String(thrown.code).startsWith("ERR_PARSE_ARGS_"));
}
