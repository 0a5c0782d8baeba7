import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Json = Readonly<Record<string, unknown>>;

/** One answer as the document has it, references resolved. */
export interface DescribedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Json }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Json; readonly "x-itemSchema"?: Json }>>;
}

/** One operation of the document. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Schema of the body; null where none is taken, or bytes are. */
  readonly body: Json | null;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly responses: ReadonlyMap<number, DescribedResponse>;
}

/** A checked-in OpenAPI document, read by nothing of the project's own: what it says is judged by a JSON Schema validator. */
export interface DescribedApi {
  readonly document: Json;
  readonly operations: ReadonlyMap<string, DescribedOperation>;
  /** What is answered where no operation is meant, by code. */
  readonly stray: ReadonlyMap<string, DescribedResponse>;
  /** Null when `value` is as the schema says, else what is wrong. */
  wrong(schema: Json, value: unknown): string | null;
}

export function describedApi(name: "local-api" | "broker" | "broker-admin"): DescribedApi {
  const path = new URL(`../../../docs/openapi/${name}.json`, import.meta.url);
  const document = JSON.parse(readFileSync(path, "utf8")) as Json;
  const { schemas, responses } = document["components"] as { schemas: Json; responses: Record<string, Json> };
  const resolve = (response: Json): DescribedResponse => {
    const { $ref } = response;
    const found = typeof $ref === "string" ? responses[$ref.replace("#/components/responses/", "")] : response;
    if (found === undefined) throw new Error(`${String($ref)} is not there`);
    return found as unknown as DescribedResponse;
  };
  const operations = new Map<string, DescribedOperation>();
  for (const [path, item] of Object.entries(document["paths"] as Record<string, Record<string, Json>>)) {
    for (const [method, operation] of Object.entries(item)) {
      const { operationId, parameters = [], requestBody } = operation;
      const id = String(operationId);
      operations.set(id, {
        id,
        method: method.toUpperCase(),
        path,
        body: requestBody === undefined ? null : jsonSchemaOf(requestBody as DescribedResponse),
        parameters: parameters as DescribedOperation["parameters"],
        responses: new Map(
          Object.entries(operation["responses"] as Record<string, Json>).map(([status, response]) => [
            Number(status),
            resolve(response),
          ]),
        ),
      });
    }
  }
  return {
    document,
    operations,
    stray: new Map(Object.entries(responses).map(([code, response]) => [code, resolve(response)])),
    wrong: schemaJudge(schemas),
  };
}

/** null: it is not JSON. */
function jsonSchemaOf(body: DescribedResponse): Json | null {
  return body.content?.["application/json"]?.schema ?? null;
}

/** Strict: a keyword that JSON Schema does not know is an error, so that nothing in a schema is without effect unseen. */
function schemaJudge(schemas: Json): DescribedApi["wrong"] {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  ajv.addVocabulary(["components"]);
  const known = new Map<Json, ValidateFunction>();
  return (schema, value) => {
    const validate = known.get(schema) ?? ajv.compile({ ...schema, components: { schemas } });
    known.set(schema, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: "answer" });
  };
}
