import { parseArgs } from "node:util";
import { startAdapter } from "./adapter.ts";
import { type Compared, compare, type Difference, type Question, type Voices } from "./compare.ts";
import { canonicalOf, checkPublished, es6Numbers, spelled } from "./es6-numbers.ts";
import { chosenLanguages, Misuse, runCommand } from "./command.ts";
import { adapterCommand, type Language, type LanguageName, referenceCommand } from "./languages.ts";
import { Random } from "./random.ts";
import { randomEnvelope } from "./random-envelope.ts";
import { randomLink } from "./random-link.ts";
import { randomMeta } from "./random-meta.ts";

/** How much of each kind is generated. */
export interface Amounts {
  readonly numbers: number;
  readonly metas: number;
  readonly envelopes: number;
  /** Close reasons and feature negotiation, which are no SDK's matter: of TypeScript and the second implementation alone. */
  readonly link: number;
}

const usage = `usage: npm run conformance:agree -- [--numbers N] [--metas N] [--envelopes N] [--link N] [--seed S] [--sdk NAME,…]

Asks the pure adapters of all SDKs, and the second implementation, the same generated questions, and compares the answers
byte for byte. The first difference is shown with its input. Exit codes: 0 they agree, 1 they do not, 2 wrong use.
`;
const defaults: Amounts = { numbers: 1_000_000, metas: 100_000, envelopes: 20_000, link: 20_000 };

/**
 * The kinds of questions, how many questions one of each is, and who is asked: numbers have their answers, the rest has those of
 * the second implementation.
 */
const kinds: Readonly<Record<keyof Amounts, Kind>> = {
  numbers: { questions: numberQuestions, each: 1, withReference: false },
  metas: { questions: (seed) => randomQuestions(seed, (random) => [randomMeta(random)]), each: 1, withReference: true },
  envelopes: { questions: (seed) => randomQuestions(seed, randomEnvelope), each: 2, withReference: true },
  link: {
    questions: (seed) => randomQuestions(seed, (random) => [randomLink(random)]),
    each: 1,
    withReference: true,
    only: "typescript",
  },
};

interface Kind {
  questions(seed: number): Generator<Question>;
  readonly each: number;
  readonly withReference: boolean;
  /** Nobody else is asked. */
  readonly only?: LanguageName;
}

/** Resolves with the first difference of each kind that has one, in words; none: all agree. */
export async function agree(
  asked: readonly Language[],
  amounts: Amounts,
  seed: number,
  say: (text: string) => void,
): Promise<string[]> {
  const found: string[] = [];
  for (const { lines, agrees } of checkPublished(amounts.numbers)) {
    say(`the first ${lines} numbers ${agrees ? "have" : "do not have"} their published hash\n`);
    if (!agrees) found.push(`the first ${lines} generated numbers do not have their published hash`);
  }
  for (const name of ["numbers", "metas", "envelopes", "link"] as const) {
    const { questions, each, withReference, only } = kinds[name];
    const count = amounts[name] * each;
    const commands = Object.fromEntries(
      asked
        .filter((language) => language.name === (only ?? language.name))
        .map((language) => [language.name, adapterCommand(language.name)]),
    );
    const compared = await withVoices(
      withReference ? { ...commands, reference: referenceCommand } : commands,
      (voices) => compare(questions(seed), count, voices, progress(name, count, say)),
    );
    say(`${summary(name, compared)}\n`);
    if (compared.difference !== null) found.push(inWords(name, compared.difference));
  }
  return found;
}

async function withVoices(
  commands: Readonly<Record<string, readonly string[]>>,
  use: (voices: Voices) => Promise<Compared>,
): Promise<Compared> {
  const voices = Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, startAdapter(command)]));
  try {
    return await use(voices);
  } finally {
    await Promise.all(Object.values(voices).map((voice) => voice.kill()));
  }
}

function* numberQuestions(seed: number): Generator<Question> {
  const random = new Random(seed);
  for (const value of es6Numbers()) {
    const text = spelled(value, random.below(6));
    // An integer literal beyond ±(2^53−1) is refused by its token, whatever its canonical form would be.
    const isBeyond = /^-?\d+$/.test(text) && !Number.isSafeInteger(value);
    const want = isBeyond ? ({ ok: false, code: "number_out_of_range" } as const) : canonicalOf(value);
    yield { request: { op: "canonicalize", text }, want };
  }
}

function* randomQuestions(seed: number, make: (random: Random) => readonly Question["request"][]): Generator<Question> {
  for (const random = new Random(seed); ; ) for (const request of make(random)) yield { request };
}

function progress(name: string, count: number, say: (text: string) => void): (asked: number) => void {
  const step = Math.max(10_000, Math.ceil(count / 20));
  let next = step;
  return (asked) => {
    if (asked < next || asked === count) return;
    next = asked + step;
    say(`${name}: ${asked} of ${count}\n`);
  };
}

function summary(name: string, { asked, outcomes, difference }: Compared): string {
  const counts = [...outcomes]
    .sort(([, one], [, other]) => other - one)
    .map(([outcome, count]) => `${count} ${outcome}`);
  return `${name}: ${asked} questions, all answered alike (${counts.join(", ")})${difference === null ? "" : ", then one is not"}`;
}

function inWords(name: string, { number, request, answers }: Difference): string {
  const lines = Object.entries(answers).map(([voice, answer]) => `  ${voice.padEnd(10)} ${JSON.stringify(answer)}`);
  return [
    `${name}: question ${number} is answered differently`,
    `  ${"asked".padEnd(10)} ${JSON.stringify(request)}`,
    ...lines,
  ].join("\n");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      numbers: { type: "string" },
      metas: { type: "string" },
      envelopes: { type: "string" },
      link: { type: "string" },
      seed: { type: "string" },
      sdk: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const amount = (name: keyof Amounts): number => whole(name, values[name], defaults[name]);
  const found = await agree(
    chosenLanguages(values.sdk),
    { numbers: amount("numbers"), metas: amount("metas"), envelopes: amount("envelopes"), link: amount("link") },
    whole("seed", values.seed, 1),
    (text) => process.stderr.write(text),
  );
  process.stdout.write(found.length === 0 ? "all agree\n" : `${found.join("\n")}\n`);
  return found.length === 0 ? 0 : 1;
}

function whole(name: string, given: string | undefined, otherwise: number): number {
  if (given !== undefined && !/^\d{1,9}$/.test(given)) throw new Misuse(`--${name} is a whole number`);
  return given === undefined ? otherwise : Number(given);
}

if (import.meta.main) await runCommand(usage, main);
