/**
 * Gathers jobs that arrive in one turn of the event loop and runs them as one transaction with one fsync. A job's
 * promise settles only after that commit. A job that throws before writing fails alone; what fails the commit fails all.
 */
export class GroupCommit<Job, Result> {
  readonly #options: GroupCommitOptions<Job, Result>;
  #waiting: { job: Job; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  #scheduled = false;

  constructor(options: GroupCommitOptions<Job, Result>) {
    this.#options = options;
  }

  /** Rejects with `options.busy()` when the queue is full. */
  submit(job: Job): Promise<Result> {
    if (this.#waiting.length >= this.#options.waitingMax) return Promise.reject(this.#options.busy());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits, now. */
  #flush(): void {
    this.#scheduled = false;
    const group = this.#waiting.splice(0, this.#options.groupMax);
    if (group.length === 0) return;
    const results: (() => void)[] = [];
    try {
      this.#options.transaction(() => {
        for (const { job, resolve, reject } of group) {
          try {
            const result = this.#options.run(job);
            results.push(() => resolve(result));
          } catch (error) {
            if (!this.#options.isOwnFailure(error)) throw error;
            results.push(() => reject(error));
          }
        }
      });
    } catch (error) {
      results.length = 0;
      for (const { reject } of group) results.push(() => reject(error));
    }
    for (const settle of results) settle();
    if (this.#waiting.length > 0 && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
  }
}

export interface GroupCommitOptions<Job, Result> {
  readonly groupMax: number;
  readonly waitingMax: number;
  busy(): Error;
  /** Runs `body` between BEGIN IMMEDIATE and COMMIT; throws when the commit does not hold. */
  transaction(body: () => void): void;
  run(job: Job): Result;
  /** Whether an error of `run` concerns that job alone (nothing of it was written). */
  isOwnFailure(error: unknown): boolean;
}
