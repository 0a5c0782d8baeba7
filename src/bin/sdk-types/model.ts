/** What an SDK's own types are made from: the shapes of the local API without anything of JSON Schema or of a language. */
export interface SdkModel {
  /** Views that the daemon answers with; an object stands after those it is made of. */
  readonly answers: readonly ObjectType[];
  /** Bodies that it takes. Every field that it does not know is refused. */
  readonly requests: readonly ObjectType[];
  /** Closed lists of words at this version; a later daemon may answer with others. */
  readonly choices: readonly ChoiceType[];
  readonly errors: readonly { readonly code: string; readonly status: number; readonly retryable: boolean }[];
  /** Whole numbers by name that every SDK checks before it sends. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface ObjectType {
  /** PascalCase. */
  readonly name: string;
  /** "" for none. */
  readonly description: string;
  readonly fields: readonly Field[];
}

export interface Field {
  /** snake_case, as in JSON. */
  readonly name: string;
  readonly type: Type;
  /** False: may be absent. */
  readonly required: boolean;
  readonly nullable: boolean;
  readonly description: string;
  /**
   * Of an answer with two forms: where this optional field is not null, the form is the other one, which does not have the field
   * that says so. It tells null from absent.
   */
  readonly absentWith?: string;
}

export type Type =
  | { readonly kind: "text" | "integer" | "boolean" | "any" }
  | { readonly kind: "array" | "map"; readonly of: Type }
  | { readonly kind: "object" | "choice"; readonly name: string };

export interface ChoiceType {
  readonly name: string;
  readonly values: readonly string[];
}
