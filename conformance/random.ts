/** Numbers that look random, always the same for a seed: a difference that was found is found again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Below `bound`, from 0. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** Once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Of 64 bits, as a double: any exponent, also what is no number. */
  double(): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, this.below(2 ** 32));
    view.setUint32(4, this.below(2 ** 32));
    return view.getFloat64(0);
  }

  // mulberry32: 32 bits of state are enough to vary texts.
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
