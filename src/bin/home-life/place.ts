/** Where what a backup holds belongs, and what it takes to be put there. */
export interface Place {
  readonly dir: string;
  /** What the folder is called when it is set aside. */
  readonly name: string;
  /** Whether all of what was opened is sound, and may come here. Throws before anything of the home was changed. */
  check(opened: string): void;
  /** Ends what runs on the folder in its place. */
  stop(): Promise<unknown>;
  /** Adds to the opened folder what it takes on this host. Answers what is to be said of that. */
  settle(opened: string): Promise<readonly string[]>;
  readonly notices: readonly string[];
}
