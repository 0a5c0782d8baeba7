/**
 * Which destinations may send now. Rows of one destination leave in order of id; a destination that must wait holds up
 * no other.
 *
 * A destination is *open* (several of its rows may be on the link at once), *paused* (a row was refused for now: the
 * rows behind it are being answered `behind`, and nothing more is claimed until all of them are back, else a later row
 * would overtake them), *waiting* (until a time) or *keyless* (until there is news of keys, or of the next row's files). Values only; the outbox keeps
 * the rows.
 */
export class DrainOrder {
  readonly #destinations = new Map<
    string,
    {
      inflight: number;
      paused: boolean;
      waitUntil: number;
      failures: number;
      hasPending: boolean;
      keyless: boolean;
    }
  >();

  /** Destinations with pending rows, in turn. */
  ready(now: number): string[] {
    const found: string[] = [];
    for (const [name, state] of this.#destinations) {
      if (state.hasPending && !state.keyless && state.waitUntil <= now && (!state.paused || state.inflight === 0))
        found.push(name);
    }
    return found;
  }

  /** A pending row exists. */
  add(destination: string): void {
    const state = this.#destinations.get(destination);
    if (state !== undefined) state.hasPending = true;
    else
      this.#destinations.set(destination, {
        inflight: 0,
        paused: false,
        waitUntil: 0,
        failures: 0,
        hasPending: true,
        keyless: false,
      });
  }

  /** Nothing can be sealed to it until {@link keysChanged}. */
  keyless(destination: string): void {
    this.add(destination);
    const state = this.#destinations.get(destination);
    if (state !== undefined) state.keyless = true;
  }

  /** Whoever waited for a key is asked for again. */
  keysChanged(): void {
    for (const state of this.#destinations.values()) state.keyless = false;
  }

  claimed(destination: string, rows: number): void {
    const state = this.#destinations.get(destination);
    if (state === undefined) return;
    if (state.inflight === 0) state.paused = false;
    state.inflight += rows;
  }

  /** A row of the destination was answered. `retryAt` set: refused for now. */
  settled(destination: string, retryAt: number | null): void {
    if (retryAt !== null) this.add(destination);
    const state = this.#destinations.get(destination);
    if (state === undefined) return;
    state.inflight = Math.max(0, state.inflight - 1);
    if (retryAt === null) {
      if (!state.paused) state.failures = 0;
      if (!state.hasPending) this.empty(destination);
      return;
    }
    state.paused = true;
    state.waitUntil = Math.max(state.waitUntil, retryAt);
  }

  /**
   * Failures in a row, this one included: the exponent of the back-off. null: it answers a window that was refused already, and
   * one failure of the broker is one, however many rows were on the link.
   */
  failed(destination: string): number | null {
    this.add(destination);
    const state = this.#destinations.get(destination);
    if (state === undefined) return 1;
    if (state.paused) return null;
    state.failures += 1;
    return state.failures;
  }

  /** The next row of the destination is due only then. */
  waitUntil(destination: string, at: number): void {
    this.add(destination);
    const state = this.#destinations.get(destination);
    if (state !== undefined) state.waitUntil = Math.max(state.waitUntil, at);
  }

  /** Nothing of it is pending: it is forgotten unless rows of it are on the link. */
  empty(destination: string): void {
    const state = this.#destinations.get(destination);
    if (state === undefined) return;
    state.hasPending = false;
    if (state.inflight === 0) this.#destinations.delete(destination);
  }

  /** Milliseconds until some destination may send; null when none has anything or all wait for answers. */
  nextInMs(now: number): number | null {
    let soonest: number | null = null;
    for (const state of this.#destinations.values()) {
      if (!state.hasPending || state.keyless || (state.paused && state.inflight > 0)) continue;
      const wait = Math.max(0, state.waitUntil - now);
      soonest = soonest === null ? wait : Math.min(soonest, wait);
    }
    return soonest;
  }

  /** The link is gone: nothing is on it. */
  reset(): void {
    for (const state of this.#destinations.values()) {
      state.inflight = 0;
      state.paused = false;
    }
  }
}
