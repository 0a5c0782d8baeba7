import { type KeyObject, randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Socket } from "node:net";
import { PinMismatch } from "../base/pinned-tls.ts";
import { dialBroker } from "../http/broker-dial.ts";
import { linkErrorKind } from "../daemon/link/link-error-kind.ts";
import { type BrokerProof, signMembershipRead } from "../protocol/admission.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isMemberId } from "../protocol/ids.ts";
import type { Invite } from "../protocol/invite.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import type { MembershipHead } from "../protocol/membership-frames.ts";
import { fromProblem } from "../protocol/problem.ts";
import { brokerProofBytes, publicKeyFromHex, verify } from "../protocol/signing.ts";
import { rfc3339 } from "../protocol/time.ts";

/** The way to a broker, as an invite or a member's mesh.json has it. */
export type BrokerAddress = Pick<Invite, "authority" | "transport" | "broker_key">;

const answerTimeoutMs = 15_000;
const answerBytesMax = 1_048_576;

export function linkUrl({ authority, transport }: BrokerAddress): string {
  return `${transport.kind === "plain" ? "ws" : "wss"}://${authority}/v1/link`;
}

/**
 * Has the broker prove the pinned key, before anything else is said to it. Resolves with the broker's clock (epoch
 * milliseconds). Throws certificate_mismatch, broker_key_mismatch, broker_unreachable.
 */
export async function proveBroker(
  address: BrokerAddress,
  signal: AbortSignal,
): Promise<{ readonly serverTime: number }> {
  const nonce = randomBytes(32).toString("base64url");
  const { answer } = await ask(address, { method: "GET", path: `/v1/broker?nonce=${nonce}` }, signal);
  const proof = answer as Partial<Record<keyof BrokerProof, unknown>> | null;
  const { broker_id, server_time, signature } = proof ?? {};
  const certificatePrint = typeof proof?.certificate_print === "string" ? proof.certificate_print : null;
  const holds =
    typeof broker_id === "string" &&
    typeof server_time === "string" &&
    typeof signature === "string" &&
    verify(
      publicKeyFromHex(address.broker_key),
      brokerProofBytes({
        nonce,
        brokerId: broker_id,
        serverTime: server_time,
        authority: address.authority,
        certificatePrint,
      }),
      signature,
    );
  if (holds && address.transport.kind === "pinned" && certificatePrint !== address.transport.certificate_print) {
    throw new ClaudemeshError(
      "certificate_mismatch",
      `the broker at ${address.authority} says that its certificate is another one than this invite's: somebody stands between`,
      { hint: "ask who made the invite for it again, by a way that nobody else can change: claudemesh invite" },
    );
  }
  if (holds) return { serverTime: Date.parse(server_time) };
  throw new ClaudemeshError("broker_key_mismatch", `the broker at ${address.authority} is not the one of this invite`, {
    hint: "check the address, or ask for a new invite: claudemesh invite",
  });
}

/** What the broker has of the mesh's membership above a place, asked by who holds an invite. Nothing of it is verified here. */
export async function readMembership(
  address: BrokerAddress,
  asker: {
    readonly meshId: string;
    /** The invite's. */
    readonly key: KeyObject;
    readonly after: number;
    /** By the broker's clock. */
    readonly now: number;
  },
  signal: AbortSignal,
): Promise<{ readonly entries: readonly unknown[]; readonly head: MembershipHead | null }> {
  const { meshId, key, after, now } = asker;
  const place = { mesh_id: meshId, broker_key: address.broker_key };
  const body = JSON.stringify(signMembershipRead(place, key, { after, at: rfc3339(now) }));
  const { answer } = await ask(address, { method: "POST", path: `/v1/meshes/${meshId}/membership`, body }, signal);
  // A broker that was joined by a link may be anybody's: what it says is looked at before it is used.
  const { entries, head } = (answer ?? {}) as { readonly entries?: unknown; readonly head?: unknown };
  if (!Array.isArray(entries) || !(head === null || isHead(head)))
    throw new ClaudemeshError("protocol_error", "the broker's answer tells no membership");
  return { entries, head };
}

function isHead(value: unknown): value is MembershipHead {
  const { n, hash } = (value ?? {}) as { readonly n?: unknown; readonly hash?: unknown };
  return Number.isSafeInteger(n) && typeof hash === "string" && isMemberId(hash);
}

/** Hands in consecutive entries of a mesh's membership; those that the broker has are skipped. */
export async function requestJoin(
  address: BrokerAddress,
  meshId: string,
  entries: readonly MembershipEntry[],
  signal: AbortSignal,
): Promise<void> {
  await ask(address, { method: "POST", path: `/v1/meshes/${meshId}/join`, body: JSON.stringify({ entries }) }, signal);
}

async function ask(
  address: BrokerAddress,
  what: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: string },
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly answer: unknown }> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]);
  try {
    const socket = await dialBroker(address, limit);
    const { status, text } = await exchange(socket, address.authority, what, limit);
    if (gatewayFailures.has(status)) throw notPassedOn(address, status);
    const answer: unknown = text === "" ? null : JSON.parse(text);
    if (status < 300) return { status, answer };
    throw fromProblem(status, answer);
  } catch (thrown) {
    throw asError(thrown, address, signal);
  }
}

function exchange(
  socket: Socket,
  authority: string,
  what: { readonly method: string; readonly path: string; readonly body?: string },
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        createConnection: () => socket,
        method: what.method,
        path: what.path,
        signal,
        headers: {
          host: authority,
          connection: "close",
          ...(what.body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(what.body) }),
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > answerBytesMax) sent.destroy(new Error("the answer is too long"));
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on("error", reject);
    sent.end(what.body);
  });
}

/** What a proxy answers when it does not reach what is behind it. A broker's own 503 comes with a problem document. */
const gatewayFailures: ReadonlySet<number> = new Set([502, 504]);

function notPassedOn({ authority }: BrokerAddress, status: number): ClaudemeshError {
  return new ClaudemeshError(
    "broker_unreachable",
    `what answers at ${authority} does not reach the broker (${status})`,
    {
      hint: "ask whoever runs the broker: does it run where the proxy passes on to? On its host: claudemesh broker status",
    },
  );
}

function asError(thrown: unknown, { authority }: BrokerAddress, signal: AbortSignal): unknown {
  if (thrown instanceof ClaudemeshError || signal.aborted) return thrown;
  if (thrown instanceof PinMismatch) {
    return new ClaudemeshError(
      "certificate_mismatch",
      `the TLS certificate of ${authority} is not the one of this invite; nothing was sent to it`,
      {
        hint: "check the address; if the broker has a new key, ask for a new invite: claudemesh invite",
        cause: thrown,
      },
    );
  }
  const reason = thrown instanceof Error ? (thrown.message === "" ? thrown.name : thrown.message) : String(thrown);
  if (linkErrorKind(thrown) === "certificate_untrusted") {
    // What the runtime adds after a semicolon is advice for its own command line.
    const [why = ""] = reason.split(";");
    return new ClaudemeshError(
      "broker_unreachable",
      `this system does not trust the TLS certificate of ${authority}: ${why}; nothing was sent to it`,
      {
        hint: "has it run out, or does it name another host? An authority of your own belongs among this system's certificates",
        cause: thrown,
      },
    );
  }
  return new ClaudemeshError("broker_unreachable", `the broker at ${authority} cannot be reached: ${reason}`, {
    hint: `is it running, and can this host reach ${authority}? On its host: claudemesh status`,
    cause: thrown,
  });
}
