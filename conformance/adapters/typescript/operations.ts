import {
  type ClaimChoice,
  type Client,
  type InboxFilter,
  localFingerprint,
  metaFromText,
  type OutboxChange,
  type OutboxStatus,
  type OutgoingMessage,
  type Paged,
  type ReceiptStage,
  type ReplyMessage,
} from "../../../src/client/sdk.ts";

/** What the runner writes of a send: as the API takes it, or with the meta as JSON text. */
type Written = OutgoingMessage & { readonly meta_text?: string };
interface Named {
  readonly name: string;
}
interface Leased extends Named {
  readonly lease_id: string;
}

/** What the client can do, by the words of the drivers. `never`: each says what members its request has. */
export const operations: Readonly<Record<string, (client: Client, request: never) => Promise<unknown>>> = {
  send: async (
    client,
    {
      request,
      wait,
      timeout_ms,
    }: { readonly request: Written; readonly wait?: ReceiptStage; readonly timeout_ms?: number },
  ) => {
    const options = given({ timeoutMs: timeout_ms });
    const message = outgoing(request);
    return wait === undefined ? client.send(message, options) : client.send(message, { ...options, wait });
  },
  reply: (client, { inbox_id, answer }: { readonly inbox_id: number; readonly answer: ReplyMessage }) =>
    client.reply(inbox_id, answer),
  message: (client, { message_id }: { readonly message_id: string }) => client.message(message_id),
  wait_for: (
    client,
    {
      message_id,
      stage,
      timeout_ms,
    }: { readonly message_id: string; readonly stage: ReceiptStage; readonly timeout_ms?: number },
  ) => client.waitFor(message_id, stage, given({ timeoutMs: timeout_ms })),

  outbox_list: async (client, { state }: { readonly state?: OutboxStatus }) =>
    (await client.outbox.list(given({ state }))).items,
  outbox_inspect: (client, { outbox_id }: { readonly outbox_id: number }) => client.outbox.inspect(outbox_id),
  outbox_requeue: (client, { outbox_id, new_id, patch }: { readonly outbox_id: number } & OutboxChange) =>
    client.outbox.requeue(outbox_id, given({ new_id, patch })),
  outbox_drop: (client, { outbox_id, force }: { readonly outbox_id: number; readonly force?: boolean }) =>
    client.outbox.drop(outbox_id, given({ force })),

  inbox_list: async (client, { filter, all }: { readonly filter?: InboxFilter; readonly all?: boolean }) =>
    all === true ? every(client.inbox.list(filter)) : (await client.inbox.list(filter)).items,
  inbox_search: async (client, { query }: { readonly query: string }) => (await client.inbox.search(query)).items,
  inbox_item: (client, { inbox_id }: { readonly inbox_id: number }) => client.inbox.item(inbox_id),
  inbox_mark_read: (client, { inbox_id }: { readonly inbox_id: number }) => client.inbox.markRead(inbox_id),
  undecryptable: async (client) => (await client.inbox.undecryptable()).items,
  mentions: async (client) => (await client.inbox.mentions()).items,
  history: async (client, { address }: { readonly address: string }) => (await client.history(address)).items,
  mention_history: async (client) => (await client.mentionHistory()).items,

  topic_list: (client) => client.topics.list(),
  topic_create: (client, { name }: Named) => client.topics.create(name),
  topic_join: (client, { name }: Named) => client.topics.join(name),
  topic_leave: (client, { name }: Named) => client.topics.leave(name),
  topic_members: (client, { name }: Named) => client.topics.members(name),

  queue_list: (client) => client.queues.list(),
  queue_create: (client, { name, deliveries_max }: Named & { readonly deliveries_max?: number }) =>
    client.queues.create(name, given({ deliveries_max })),
  queue_show: (client, { name }: Named) => client.queues.show(name),
  queue_delete: (client, { name, force }: Named & { readonly force?: boolean }) =>
    client.queues.delete(name, given({ force })),
  queue_claim: (client, { name, limit, lease_s, wait_s }: Named & ClaimChoice) =>
    client.queues.claim(name, given({ limit, lease_s, wait_s })),
  queue_ack: (client, { name, lease_id }: Leased) => client.queues.ack(name, lease_id),
  queue_nack: (
    client,
    { name, lease_id, ...choice }: Leased & { readonly delay_s?: number; readonly reason?: string },
  ) => client.queues.nack(name, lease_id, given({ delay_s: choice.delay_s, reason: choice.reason })),
  queue_extend: (client, { name, lease_id, lease_s }: Leased & { readonly lease_s?: number }) =>
    client.queues.extend(name, lease_id, given({ lease_s })),
  queue_dead: async (client, { name }: Named) => (await client.queues.dead(name)).items,
  queue_requeue: (client, { name, history_ids }: Named & { readonly history_ids?: readonly number[] }) =>
    client.queues.requeue(name, given({ history_ids })),
  queue_work: (client, { name, count }: Named & { readonly count: number }) => work(client, name, count),

  files_put: (
    client,
    { name, content_type, body }: Named & { readonly content_type?: string; readonly body: string },
  ) => {
    const bytes = Buffer.from(body, "base64url");
    return client.files.put({ name, bytes: bytes.length, chunks: inOne(bytes), ...given({ content_type }) });
  },
  files_list: (client, { inbox_id }: { readonly inbox_id: number }) => client.files.list(inbox_id),
  files_take: async (client, { inbox_id, file_id }: { readonly inbox_id: number; readonly file_id: string }) => {
    const { chunks } = await client.files.take(inbox_id, file_id);
    const parts: Buffer[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts).toString("base64url");
  },

  members: (client) => client.members(),
  health: (client) => client.health(),
  version: (client) => client.version(),
  local_fingerprint: async (_client, { mesh_id, request }: { readonly mesh_id: string; readonly request: Written }) =>
    localFingerprint(outgoing(request), mesh_id),
};

function outgoing({ meta_text, ...message }: Written): OutgoingMessage {
  return meta_text === undefined ? message : { ...message, meta: metaFromText(meta_text) };
}

async function every<T>(pages: Paged<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** Handles so many messages, and answers them. */
async function work(client: Client, name: string, count: number): Promise<readonly object[]> {
  const handled: object[] = [];
  const enough = new AbortController();
  const handle = (message: object): void => {
    handled.push(message);
    if (handled.length >= count) enough.abort();
  };
  await client.queues.work(name, handle, { signal: enough.signal });
  return handled;
}

async function* inOne(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

/** Without the members that a request left out. */
function given<T extends object>(members: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>;
  };
}
