/** The object that a coding agent writes to a hook's standard input. */
export interface HookFields {
  /** A text that is not empty; else null. */
  word(name: string): string | null;
  isTrue(name: string): boolean;
}

/** null for what is no object. Never throws. */
export function readHookFields(stdin: string): HookFields | null {
  const fields = objectOf(stdin);
  if (fields === null) return null;
  return {
    word(name) {
      const found = fields[name];
      return typeof found === "string" && found !== "" ? found : null;
    },
    isTrue: (name) => fields[name] === true,
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
