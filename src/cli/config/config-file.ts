/** A config.toml: the keys that there are, and the one way in which it is read. */
export interface ConfigFile {
  readonly path: string;
  readonly keys: readonly ConfigKey[];
  /** Every key's value by `table.key`, defaults included. Throws invalid_config naming the line. */
  read(source: string): Readonly<Record<string, unknown>>;
  /** Keys that the text itself sets. The text is valid. */
  isSet(source: string, key: string): boolean;
  /**
   * Every key's value as a start from here would have it, by `table.key`: with this environment, and what `--set` recorded. Throws
   * invalid_config also for what these give wrongly.
   */
  given(source: string): Readonly<Record<string, GivenSetting>>;
}

export interface GivenSetting {
  readonly value: unknown;
  readonly from: "default" | "file" | "environment" | "flag";
  /** The variable's, or the option with its key; null for the others. */
  readonly name: string | null;
}

export interface ConfigKey {
  /** `table.key` */
  readonly key: string;
  readonly help: string;
  readonly takes: string;
  readonly default: unknown;
  /** `claudemesh reload` puts a change in force; else the next start does. */
  readonly live: boolean;
  /** Whether it could be this. */
  accepts(value: unknown): boolean;
}
