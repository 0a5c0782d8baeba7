/** A mistake that somebody could make, as a change of one place in an SDK's source. */
export interface PlantedBug {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands there once. */
  readonly find: string;
  readonly replace: string;
}

/** Bugs of one file. Each is a name, what stands there, and what is put in its place. */
export function bugsIn(file: string, bugs: readonly (readonly [string, string, string])[]): readonly PlantedBug[] {
  return bugs.map(([name, find, replace]) => ({ name, file, find, replace }));
}
