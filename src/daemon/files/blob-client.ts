import { type IncomingMessage, request } from "node:http";
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { PinMismatch } from "../../base/pinned-tls.ts";
import { type BrokerAddress, BrokerAgent } from "../../http/broker-dial.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { blobPath, writeBlobAuthorization } from "../../protocol/files/blob-request.ts";
import { limits } from "../../protocol/limits.ts";
import { fromProblem } from "../../protocol/problem.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { fileLimits } from "./file-limits.ts";

/** The broker's blobs of this mesh, asked for as this member. */
export interface BlobClient {
  /** Whether the broker has it; if so it counts as put now. */
  has(blobId: string, signal: AbortSignal): Promise<boolean>;
  put(blobId: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** At most as many bytes as a blob may have; whether they are the right ones is the caller's to see. null: there is none. */
  get(blobId: string, signal: AbortSignal): Promise<Buffer | null>;
  /** Ends connections that are kept. */
  close(): void;
}

export interface BlobClientOptions {
  readonly address: BrokerAddress;
  readonly meshId: string;
  readonly member: () => { readonly memberId: string; readonly signingKey: KeyObject };
  readonly clock: Clock;
}

interface Answer {
  readonly status: number;
  readonly date: string | undefined;
  readonly bytes: Buffer;
}

/** Throws broker_unreachable, certificate_mismatch, or what the broker refuses with. */
export function createBlobClient({ address, meshId, member, clock }: BlobClientOptions): BlobClient {
  const agent = new BrokerAgent(address, fileLimits.connectionsMax);
  /** What the broker's clock showed more than this host's, when that mattered. */
  let aheadMs = 0;

  async function ask(method: string, blobId: string, body: Uint8Array | null, signal: AbortSignal): Promise<Answer> {
    const path = blobPath(meshId, blobId);
    const once = (): Promise<Answer> => {
      const { memberId, signingKey } = member();
      const time = rfc3339(clock.now() + aheadMs);
      const authorization = writeBlobAuthorization(
        { method, path, meshId, authority: address.authority.toLowerCase(), memberId, time },
        signingKey,
      );
      return exchange(agent, address, { method, path, authorization, body }, signal);
    };
    const answer = await once();
    // A host whose clock is wrong sends messages all the same, so its files go too: the broker says what time it is.
    const offMs = Date.parse(answer.date ?? "") - (clock.now() + aheadMs);
    if (answer.status !== 401 || !(Math.abs(offMs) > limits.clockSkewMs)) return answer;
    aheadMs += offMs;
    return once();
  }

  return {
    async has(blobId, signal) {
      const answer = await ask("HEAD", blobId, null, signal);
      // An answer to HEAD has no document: why a request may not be is told to the one that puts the blob.
      if (answer.status < 500 && answer.status !== 429) return answer.status < 300;
      refuse(answer);
      return true;
    },
    async put(blobId, bytes, signal) {
      refuse(await ask("PUT", blobId, bytes, signal));
    },
    async get(blobId, signal) {
      const answer = await ask("GET", blobId, null, signal);
      if (answer.status === 404) return null;
      refuse(answer);
      return answer.bytes;
    },
    close: () => agent.destroy(),
  };
}

function refuse({ status, bytes }: Answer): void {
  if (status < 300) return;
  let document: unknown = null;
  try {
    document = JSON.parse(bytes.toString("utf8"));
  } catch {
    // What answers is no broker, or answered a HEAD.
  }
  if (document !== null) throw fromProblem(status, document);
  throw new ClaudemeshError("broker_unreachable", `the broker answered ${status} to a request for a piece of a file`, {
    hint: "claudemesh doctor",
  });
}

async function exchange(
  agent: BrokerAgent,
  { authority }: BrokerAddress,
  asked: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string;
    readonly body: Uint8Array | null;
  },
  signal: AbortSignal,
): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(fileLimits.blobRequestMs)]);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const sent = request(
        {
          agent,
          method: asked.method,
          path: asked.path,
          signal: limit,
          headers: {
            host: authority,
            authorization: asked.authorization,
            ...(asked.body === null ? {} : { "content-length": asked.body.length }),
          },
        },
        (response) => readAnswer(response).then(resolve, reject),
      );
      sent.on("error", reject);
      sent.end(asked.body ?? undefined);
    });
  } catch (thrown) {
    throw asError(thrown, authority, signal);
  }
}

function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > limits.blobBytesMax) response.destroy(new Error("the answer is longer than a blob can be"));
    });
    response.on("error", reject);
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, date: response.headers.date, bytes: Buffer.concat(chunks, bytes) }),
    );
  });
}

function asError(thrown: unknown, authority: string, signal: AbortSignal): unknown {
  if (thrown instanceof ClaudemeshError || signal.aborted) return signal.aborted ? signal.reason : thrown;
  if (thrown instanceof PinMismatch) {
    return new ClaudemeshError(
      "certificate_mismatch",
      `the TLS certificate of ${authority} is not the one that was pinned; nothing was sent to it`,
      { hint: "claudemesh doctor", cause: thrown },
    );
  }
  const reason = thrown instanceof Error ? (thrown.message === "" ? thrown.name : thrown.message) : String(thrown);
  return new ClaudemeshError("broker_unreachable", `the broker at ${authority} cannot be reached: ${reason}`, {
    hint: "claudemesh doctor",
    cause: thrown,
  });
}
