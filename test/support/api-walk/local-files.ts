import { createHash, createSecretKey, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { generate } from "selfsigned";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { newIdentity } from "../../../src/broker/testing/peer.ts";
import { createBlobClient } from "../../../src/daemon/files/blob-client.ts";
import { blobName, fileCipher } from "../../../src/daemon/files/file-format.ts";
import { createFiles } from "../../../src/daemon/files/files.ts";
import { fileRoutes } from "../../../src/daemon/localapi/files.ts";
import { createLocalApi } from "../../../src/daemon/localapi/server.ts";
import { addressOf, type BrokerAddress } from "../../../src/http/broker-dial.ts";
import type { Target } from "../../../src/http/http-call.fixture.ts";
import { type Attachment, shownAttachment } from "../../../src/protocol/attachment.ts";
import { ClaudemeshError } from "../../../src/protocol/error.ts";
import type { ErrorCode } from "../../../src/protocol/error-codes.ts";
import { toProblem } from "../../../src/protocol/problem.ts";
import { brokerAnswering } from "../file-hosts.ts";
import { onEnd } from "../on-end.ts";
import { tempFolder } from "../temp-folder.ts";
import type { Asked, Walk } from "./walk.ts";

const bytes = Buffer.from("the content");
const key = Buffer.alloc(32, 7);
const cipher = fileCipher(key, bytes.length);
const chunk = cipher.sealChunk(0, bytes);
const index = cipher.sealIndex({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
  chunks: [blobName(chunk)],
});
const attachment: Attachment = {
  name: "a",
  bytes: bytes.length,
  content_type: "text/plain",
  file_id: blobName(index),
  key: key.toString("base64url"),
};
const asked: Asked = { params: { file_id: attachment.file_id }, query: "inbox_id=1" };

/** The local API's routes of files over a real spool and a broker that answers what a test wants; message 1 brought one file. */
async function filesOver(
  t: TestContext,
  address: BrokerAddress,
  bytesMax = 4_000_000,
): Promise<{ at: Target; folder: string }> {
  const folder = tempFolder(t);
  const { memberId, privateKey } = newIdentity();
  const files = createFiles({
    folder: join(folder, "files"),
    bytesMax,
    secret: createSecretKey(randomBytes(32)),
    client: createBlobClient({
      address,
      meshId: "mesh",
      member: () => ({ memberId, signingKey: privateKey }),
      clock: systemClock,
    }),
    clock: systemClock,
    inUse: () => new Set(),
  });
  await files.start();
  onEnd(t, () => files.stop());
  const api = createLocalApi({
    routes: fileRoutes({
      files,
      messageFiles: async ({ inbox_id: id }) =>
        id === 1 ? [{ shown: shownAttachment(attachment), attachment: () => attachment }] : null,
      link: { fileBytes: () => 3_000_000 },
    }),
    socketPath: join(folder, "sock"),
    token: null,
    allowedOrigins: [],
    publicHealthCheck: false,
    clock: systemClock,
    log: silentLog,
    observe: () => undefined,
    announce: () => undefined,
    endStreams: () => undefined,
  });
  await api.start();
  onEnd(t, () => api.stop());
  return { at: { socketPath: api.socketPath }, folder };
}

/** What no running daemon can be brought to in little time is got from the same routes in this process. */
export async function walkFiles(t: TestContext, walk: Walk): Promise<void> {
  const refusing = async (code: ErrorCode): Promise<void> => {
    const problem = toProblem(new ClaudemeshError(code, `because of ${code}`));
    const url = await brokerAnswering(t, () => ({
      status: problem.status,
      bytes: Buffer.from(JSON.stringify(problem)),
    }));
    const { at } = await filesOver(t, addressOf(url, null));
    await walk.ask(at, "fileTake", code, asked);
  };
  for (const code of ["auth_failed", "feature_unavailable", "not_a_member"] as const) await refusing(code);
  await refusing("store_unavailable");

  const honest = await brokerAnswering(t, (blobId) => ({
    status: 200,
    bytes: blobId === attachment.file_id ? index : blobId === blobName(chunk) ? chunk : Buffer.alloc(0),
  }));
  const lying = await brokerAnswering(t, () => ({ status: 200, bytes: Buffer.from("x") }));
  const empty = await brokerAnswering(t, () => ({ status: 404, bytes: Buffer.alloc(0) }));
  const damaged = await filesOver(t, addressOf(lying, null));
  await walk.ask(damaged.at, "fileTake", "file_damaged", asked);
  await walk.ask((await filesOver(t, addressOf(empty, null))).at, "fileTake", "file_gone", asked);
  await walk.ask(
    (await filesOver(t, addressOf("ws://127.0.0.1:9/v1/link", null))).at,
    "fileTake",
    "broker_unreachable",
    asked,
  );
  await walk.ask((await filesOver(t, await otherCertificate(t))).at, "fileTake", "certificate_mismatch", asked);

  const { at, folder } = await filesOver(t, addressOf(honest, null));
  await walk.ask(at, "fileTake", 200, asked);
  await walk.ask(at, "fileTake", "not_found", { ...asked, query: "inbox_id=2" });
  await walk.ask(at, "fileTake", "invalid_field", { ...asked, query: `inbox_id=1&from=${bytes.length + 1}` });
  const put = (name: string, body: Buffer) => ({ query: `name=${name}`, body });
  await walk.ask(at, "filePut", 201, put("a.txt", bytes));
  await walk.ask(at, "filePut", "invalid_field", put("a%2Fb", bytes));
  await walk.ask(at, "filePut", "control_character", { query: "name=a&content_type=text%2Fplain%0A", body: bytes });
  await walk.ask(at, "filePut", "body_too_large", put("a", Buffer.alloc(3_000_001)));
  await walk.ask(
    (await filesOver(t, addressOf(honest, null), 1_000)).at,
    "filePut",
    "files_full",
    put("a", Buffer.alloc(2_000)),
  );
  rmSync(join(folder, "files", "tmp"), { recursive: true });
  writeFileSync(join(folder, "files", "tmp"), "");
  await walk.ask(at, "filePut", "store_unavailable", put("a", bytes));
}

async function otherCertificate(t: TestContext): Promise<BrokerAddress> {
  const { private: own, cert } = await generate([{ name: "commonName", value: "x" }], { keyType: "ec" });
  const server = createServer({ key: own, cert }, (_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(t, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const port = (server.address() as AddressInfo).port;
  return addressOf(`wss://127.0.0.1:${port}/v1/link`, "0".repeat(64));
}
