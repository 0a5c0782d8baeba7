import type { S3Client } from "@aws-sdk/client-s3";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isUuidV7 } from "../../protocol/ids.ts";
import type { BlobStore } from "./blob-store.ts";

export interface S3Place {
  /** `https://host[:port]`; "": Amazon's own, by region. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before every key: "" or `claudemesh/`. */
  readonly prefix: string;
  /** The bucket stands in the path and not in the host's name, as most services of one's own want it. */
  readonly pathStyle: boolean;
}

export interface S3Bounds {
  /** For one request with all its tries. */
  readonly requestMs: number;
  readonly connectMs: number;
  readonly triesMax: number;
  /** Connections to the service at once. */
  readonly connectionsMax: number;
}

/** Keys of one removal, by the service's own bound. */
const removalMax = 1_000;

/**
 * Blobs as objects: `<prefix><mesh>/<id>`. Credentials come from the environment alone (AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY, or the roles of the machine), by the client's own chain. The client is loaded by the start of a broker
 * that has its files there: no other pays for it.
 */
export function createS3Store(place: S3Place, bounds: S3Bounds): BlobStore {
  type Sdk = typeof import("@aws-sdk/client-s3");
  let open: { readonly sdk: Sdk; readonly client: S3Client } | null = null;
  const keyOf = (meshId: string, blobId = ""): string => `${place.prefix}${meshId}/${blobId}`;

  async function asked<T>(work: (client: S3Client, sdk: Sdk, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (open === null) throw new ClaudemeshError("store_unavailable", "the store of files is not open");
    try {
      return await work(open.client, open.sdk, AbortSignal.timeout(bounds.requestMs));
    } catch (thrown) {
      throw failed(thrown);
    }
  }

  const removeKeys = (keys: readonly string[]): Promise<void> =>
    asked(async (client, sdk, abortSignal) => {
      if (keys.length === 0) return;
      const { Errors } = await client.send(
        new sdk.DeleteObjectsCommand({
          Bucket: place.bucket,
          Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
        }),
        { abortSignal },
      );
      const [first] = Errors ?? [];
      if (first !== undefined) throw new Error(`${first.Code ?? "an object"} was not removed: ${first.Message ?? ""}`);
    });

  return {
    async start() {
      const sdk = await import("@aws-sdk/client-s3");
      const client = new sdk.S3Client({
        region: place.region,
        forcePathStyle: place.pathStyle,
        ...(place.endpoint === "" ? {} : { endpoint: place.endpoint }),
        maxAttempts: bounds.triesMax,
        // Blobs are named by their hash and looked at by who gets them; not every service knows newer checksums.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        requestHandler: {
          connectionTimeout: bounds.connectMs,
          requestTimeout: bounds.requestMs,
          httpAgent: { maxSockets: bounds.connectionsMax },
          httpsAgent: { maxSockets: bounds.connectionsMax },
        },
      });
      open = { sdk, client };
    },
    async stop() {
      open?.client.destroy();
      open = null;
    },
    put: (meshId, blobId, bytes) =>
      asked(async (client, sdk, abortSignal) => {
        const object = { Bucket: place.bucket, Key: keyOf(meshId, blobId), Body: bytes, ContentLength: bytes.length };
        await client.send(new sdk.PutObjectCommand(object), { abortSignal });
      }),
    get: (meshId, blobId) =>
      asked(async (client, sdk, abortSignal) => {
        const wanted = new sdk.GetObjectCommand({ Bucket: place.bucket, Key: keyOf(meshId, blobId) });
        const found = await orNull(client.send(wanted, { abortSignal }));
        return found?.Body === undefined ? null : Buffer.from(await found.Body.transformToByteArray());
      }),
    size: (meshId, blobId) =>
      asked(async (client, sdk, abortSignal) => {
        const wanted = new sdk.HeadObjectCommand({ Bucket: place.bucket, Key: keyOf(meshId, blobId) });
        return (await orNull(client.send(wanted, { abortSignal })))?.ContentLength ?? null;
      }),
    async remove(meshId, blobIds) {
      for (let at = 0; at < blobIds.length; at += removalMax)
        await removeKeys(blobIds.slice(at, at + removalMax).map((blobId) => keyOf(meshId, blobId)));
    },
    async meshes() {
      const meshes: string[] = [];
      for (let token: string | undefined, more = true; more; more = token !== undefined) {
        const page = await asked((client, sdk, abortSignal) =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket: place.bucket,
              Prefix: place.prefix,
              Delimiter: "/",
              ContinuationToken: token,
            }),
            { abortSignal },
          ),
        );
        for (const { Prefix = "" } of page.CommonPrefixes ?? []) meshes.push(Prefix.slice(place.prefix.length, -1));
        token = page.NextContinuationToken;
      }
      return meshes.filter(isUuidV7);
    },
    async removeMesh(meshId) {
      for (let more = true; more; ) {
        // From the beginning each time: what was found before is gone.
        const { Contents = [] } = await asked((client, sdk, abortSignal) =>
          client.send(
            new sdk.ListObjectsV2Command({ Bucket: place.bucket, Prefix: keyOf(meshId), MaxKeys: removalMax }),
            { abortSignal },
          ),
        );
        await removeKeys(Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
        more = Contents.length > 0;
      }
    },
    // An object is there with all its bytes or not at all.
    sweep: async () => 0,
  };
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === "NoSuchKey" || thrown.name === "NotFound")) return null;
    throw thrown;
  }
}

/** By name alone: what the service or the client says of a request may name keys, hosts and headers. */
function failed(thrown: unknown): ClaudemeshError {
  if (thrown instanceof ClaudemeshError) return thrown;
  const { name, message } = thrown instanceof Error ? thrown : { name: "Error", message: String(thrown) };
  const told = /^[A-Z][A-Za-z]{1,63}$/.test(name) && name !== "Error" ? name : message.slice(0, 200);
  return new ClaudemeshError("store_unavailable", `the S3 service of files failed: ${told}`, {
    hint: "do its address, bucket and credentials fit? claudemesh config list --broker",
    cause: thrown,
  });
}
