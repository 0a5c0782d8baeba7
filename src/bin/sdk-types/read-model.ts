import assert from "node:assert/strict";
import { errorCodes } from "../../protocol/error-codes.ts";
import { limits } from "../../protocol/limits.ts";
import type { ChoiceType, Field, ObjectType, SdkModel, Type } from "./model.ts";

/** As much of JSON Schema as the descriptions use. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly string[];
  readonly description?: string;
}

interface Content {
  readonly content?: Readonly<
    Record<string, { readonly schema?: Schema; readonly "x-itemSchema"?: Schema } | undefined>
  >;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content | undefined>>;
}

/** As much of an OpenAPI document as types need. */
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Names of what has none in the description, by where it occurs first. The same shape elsewhere is the same type. */
const names: Readonly<Record<string, string>> = {
  "ClaimedMessage.from": "Sender",
  "ClaimedMessage.priority": "Priority",
  "Compat.features.require": "FeatureOffer",
  "Health.outbox": "OutboxCounts",
  "Health.link.last_error_kind": "LinkErrorKind",
  "Health.status": "HealthStatus",
  "Invite.role": "Role",
  "LeaseEnded.state": "LeaseEndedState",
  "Member.role": "Role",
  "Member.status": "MemberStatus",
  "Message.delivered_to": "DeliveredTo",
  "Message.files_sent": "FilesSent",
  "Message.last_error": "Refusal",
  "Message.stages": "Stage",
  "Message.stages.stage": "ReceiptStage",
  "Message.status": "OutboxStatus",
  "Queue.messages": "QueueCounts",
  "SealDone.action": "SealAction",
  "SendRequest.attachments": "SendAttachment",
  "SendResult.state": "SendState",
  "TopicKey.history": "KeyHistory",
  "OutboxRequeue.patch": "OutboxPatch",
};

/** Fields of answers that daemons of an earlier release do not tell, which an SDK meets where a host is yet to be upgraded. */
const addedLater: readonly string[] = [
  "ClaimedMessage.from.agent",
  "ClaimedMessage.hops",
  "DeadLetter.hops",
  "HistoryItem.hops",
  "InboxItem.hops",
  "Compat.feature_floors",
  "Health.durability",
  "Health.ends_at",
  "Health.link.instance_id",
  "Health.link.receives",
  "Member.agents_online",
  "Member.clone_suspected_at",
  "OutboxRow.pre_send",
  "SendResult.durability",
  "Version.durability",
  "Version.feature_floors",
  "Version.required_features",
];

/** Bodies that carry more than one plain field, by operation. */
const requestNames: Readonly<Record<string, string>> = {
  send: "SendRequest",
  outboxRequeue: "OutboxRequeue",
  queueClaim: "QueueClaim",
  inviteCreate: "InviteRequest",
};

/** The model of the local API as it is described. Pure: the same description gives the same model. */
export function readModel(document: unknown): SdkModel {
  const description = document as Description;
  const reading = new Reading();
  for (const [name, schema] of Object.entries(description.components.schemas))
    if (name !== "Problem") reading.component(name, schema, description.components.schemas);
  reading.component("ReceiptEvent", eventData(description, "receipt"), description.components.schemas);
  const answers = reading.taken();
  for (const operation of operations(description)) {
    const name = requestNames[operation.operationId];
    const schema = operation.requestBody?.content?.["application/json"]?.schema;
    if (name !== undefined && schema !== undefined) reading.object(name, schema, "");
  }
  const requests = reading.taken();
  const events = { name: "EventName", values: eventItems(description).flatMap(({ event }) => event?.enum ?? []) };
  return {
    answers,
    requests,
    choices: [...reading.choices.values(), events].sort((a, b) => (a.name < b.name ? -1 : 1)),
    errors: Object.entries(errorCodes).map(([code, { status, retryable }]) => ({ code, status, retryable })),
    limits: {
      meta_bytes_max: limits.metaBytesMax,
      meta_depth_max: limits.metaDepthMax,
      client_message_id_chars_max: limits.clientMessageIdCharsMax,
      page_items_max: limits.pageItemsMax,
    },
  };
}

/** Collects what it names; a shape that was met before is the type of that name. */
class Reading {
  readonly choices = new Map<string, ChoiceType>();
  readonly #byShape = new Map<string, string>();
  #objects: ObjectType[] = [];
  #names = new Set<string>();

  taken(): readonly ObjectType[] {
    const objects = this.#objects;
    this.#objects = [];
    return objects;
  }

  /** Named in the description, and after what it refers to. */
  component(name: string, schema: Schema, all: Readonly<Record<string, Schema>>): void {
    if (this.#names.has(name)) return;
    for (const [, other = ""] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const wanted = all[other];
      if (wanted !== undefined && other !== name) this.component(other, wanted, all);
    }
    this.object(name, schema, schema.description ?? "");
  }

  object(name: string, schema: Schema, description: string): void {
    assert.ok(!this.#names.has(name), `two types would be called ${name}: name one in read-model.ts`);
    this.#names.add(name);
    const fields = schema.anyOf === undefined ? this.#fields(name, schema) : this.#merged(name, schema.anyOf);
    this.#objects.push({ name, description, fields });
  }

  #fields(path: string, { properties = {}, required = [] }: Schema): readonly Field[] {
    return Object.entries(properties).map(([name, schema]) => {
      const { schema: plain, nullable } = withoutNull(schema);
      return {
        name,
        type: this.#type(`${path}.${name}`, plain),
        required: required.includes(name) && !addedLater.includes(`${path}.${name}`),
        nullable,
        description: schema.description ?? "",
      };
    });
  }

  /** An answer with several forms is one type: what not every form has is optional. */
  #merged(path: string, forms: readonly Schema[]): readonly Field[] {
    const read = forms.map((form) => this.#fields(path, form));
    const merged = new Map<string, Field>();
    for (const field of read.flat()) if (!merged.has(field.name)) merged.set(field.name, field);
    const always = (name: string) => read.every((form) => form.some((field) => field.name === name && field.required));
    return [...merged.values()].map((field) => {
      if (always(field.name)) return field;
      const without = read.find((form) => !form.some((other) => other.name === field.name));
      const sign = without?.find(({ name, required, nullable }) => required && !nullable && !always(name));
      return { ...field, required: false, ...(field.nullable && sign !== undefined ? { absentWith: sign.name } : {}) };
    });
  }

  #type(path: string, schema: Schema): Type {
    if (schema.$ref !== undefined) return { kind: "object", name: schema.$ref.split("/").at(-1) ?? "" };
    if (schema.properties !== undefined) return { kind: "object", name: this.#named(path, schema) };
    if (schema.enum !== undefined) return { kind: "choice", name: this.#choice(path, schema.enum) };
    const type = typeof schema.type === "string" ? schema.type : schema.type?.find((each) => each !== "null");
    switch (type) {
      case "string":
        return { kind: "text" };
      case "integer":
        return { kind: "integer" };
      case "boolean":
        return { kind: "boolean" };
      case "array":
        return { kind: "array", of: this.#type(path, schema.items ?? {}) };
      case "object":
        return {
          kind: "map",
          of: this.#type(path, typeof schema.additionalProperties === "object" ? schema.additionalProperties : {}),
        };
      case undefined:
        return { kind: "any" };
      default:
        throw new Error(`${path}: no SDK has a type for ${type}`);
    }
  }

  #named(path: string, schema: Schema): string {
    const shape = JSON.stringify(bare(schema));
    const known = this.#byShape.get(shape);
    if (known !== undefined) return known;
    const name = names[path] ?? pascal(path);
    this.#byShape.set(shape, name);
    // Fields of the inner one are named by it where it stands first.
    const inner = this.#fields(path, schema);
    assert.ok(!this.#names.has(name), `two types would be called ${name}: name one in read-model.ts`);
    this.#names.add(name);
    this.#objects.push({ name, description: schema.description ?? "", fields: inner });
    return name;
  }

  #choice(path: string, values: readonly string[]): string {
    const shape = JSON.stringify(values);
    const known = this.#byShape.get(shape);
    if (known !== undefined) return known;
    const name = names[path] ?? pascal(path);
    assert.ok(!this.#names.has(name), `two types would be called ${name}: name one in read-model.ts`);
    this.#names.add(name);
    this.#byShape.set(shape, name);
    this.choices.set(name, { name, values });
    return name;
  }
}

/** A schema that also allows null, without that. */
function withoutNull(schema: Schema): { readonly schema: Schema; readonly nullable: boolean } {
  const { anyOf, type } = schema;
  if (Array.isArray(type) && type.includes("null"))
    return { schema: { ...schema, type: type.filter((each) => each !== "null") }, nullable: true };
  const [one, ...others] = anyOf?.filter((form) => form.type !== "null") ?? [];
  if (anyOf === undefined || one === undefined) return { schema, nullable: false };
  assert.equal(others.length, 0, "no SDK has a type for a field of several types");
  return { schema: one, nullable: anyOf.length > 1 };
}

/** The shape alone: two with different descriptions are one type. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name, value]) => name !== "description" || typeof value !== "string");
  const type = "properties" in schema ? { type: "object" } : {};
  return Object.fromEntries([...kept.map(([name, value]) => [name, bare(value)]), ...Object.entries(type)]);
}

function operations({ paths }: Description): readonly Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods));
}

/** The forms of an entry of the event stream. */
function eventItems(
  description: Description,
): readonly Readonly<Record<string, Schema & { contentSchema?: Schema }>>[] {
  const events = operations(description).find(({ operationId }) => operationId === "events");
  const item = events?.responses["200"]?.content?.["text/event-stream"]?.["x-itemSchema"] ?? {};
  const flat = (schema: Schema): readonly Schema[] => schema.anyOf?.flatMap(flat) ?? [schema];
  return flat(item).map(({ properties = {} }) => properties);
}

function eventData(description: Description, name: string): Schema {
  const found = eventItems(description).find(({ event }) => event?.enum?.includes(name))?.["data"]?.contentSchema;
  assert.ok(found !== undefined, `the events tell of no ${name}`);
  return found;
}

function pascal(path: string): string {
  return path.replace(/(^|[._])([a-zA-Z])/g, (_all, _before, letter: string) => letter.toUpperCase());
}
