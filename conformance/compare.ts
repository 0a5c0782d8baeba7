import { isDeepStrictEqual } from "node:util";
import type { Adapter, Answer, Request } from "./adapter.ts";

/** One question, with the answer where it is known beforehand. */
export interface Question {
  readonly request: Request;
  readonly want?: Answer;
}

/** Who answers, by name. */
export type Voices = Readonly<Record<string, Adapter>>;

/** The first question that is not answered alike. */
export interface Difference {
  /** Its place among the questions, from 1. */
  readonly number: number;
  readonly request: Request;
  readonly answers: Readonly<Record<string, Answer | undefined>>;
}

export interface Compared {
  readonly asked: number;
  /** How often each outcome was met: "ok", or a code. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly difference: Difference | null;
}

/** Two batches are under way at a time, so that memory is bounded and every adapter has something to do. */
const batchSize = 1_000;

/** Asks all the same, until all agree on everything or one does not. */
export async function compare(
  questions: Iterator<Question>,
  count: number,
  voices: Voices,
  progress: (asked: number) => void,
): Promise<Compared> {
  const outcomes = new Map<string, number>();
  let taken = 0;
  let asked = 0;
  let before: Promise<Difference | null> = Promise.resolve(null);
  while (taken < count) {
    const batch: Question[] = [];
    for (; batch.length < batchSize && taken < count; taken += 1) {
      const next = questions.next();
      if (next.done === true) throw new Error("the questions are too few");
      batch.push(next.value);
    }
    const first = taken - batch.length + 1;
    const here = ask(batch, first, voices, outcomes);
    // Its failure is told where it is awaited.
    here.catch(() => {});
    const difference = await before;
    if (difference !== null) return { asked, outcomes, difference };
    asked = first - 1;
    progress(asked);
    before = here;
  }
  const difference = await before;
  if (difference === null) asked = taken;
  progress(asked);
  return { asked, outcomes, difference };
}

async function ask(
  batch: readonly Question[],
  first: number,
  voices: Voices,
  outcomes: Map<string, number>,
): Promise<Difference | null> {
  const requests = batch.map(({ request }) => request);
  const names = Object.keys(voices);
  const answers = await Promise.all(Object.values(voices).map((voice) => voice.ask(requests)));
  for (const [index, { request, want }] of batch.entries()) {
    const given = answers.map((list) => list[index]);
    const right = want ?? given[0];
    if (!given.every((answer) => isSame(answer, right))) {
      const named = Object.fromEntries(names.map((name, place) => [name, given[place]]));
      return { number: first + index, request, answers: want === undefined ? named : { expected: want, ...named } };
    }
    const outcome = right?.ok === false ? String(right.code) : "ok";
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return null;
}

function isSame(one: Answer | undefined, other: Answer | undefined): boolean {
  return isDeepStrictEqual(one, other);
}
