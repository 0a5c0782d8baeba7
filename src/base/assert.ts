/** For our own bugs only, never for input: a broken invariant ends the process rather than corrupting what it holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Marks the end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value ${JSON.stringify(value)}`);
}

/** Not caught anywhere: it reaches the process's last handler, which logs and exits. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}
