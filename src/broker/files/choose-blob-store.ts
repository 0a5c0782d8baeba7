import { join } from "node:path";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BlobStore } from "./blob-store.ts";
import { createDiskStore } from "./disk-store.ts";
import { createS3Store, type S3Place } from "./s3-store.ts";

/** Where a broker keeps files, as its settings say it. */
export type FilesPlace =
  | { readonly store: "none" }
  | {
      readonly store: "disk";
      /** "": below the data directory. */
      readonly directory: string;
    }
  | ({ readonly store: "s3" } & S3Place);

export const defaultFilesPlace: FilesPlace = { store: "disk", directory: "" };

/**
 * The blob store of a broker. null: none, which is so over a database as long as no place is named that all brokers over it reach:
 * what one keeps in its own data directory the others would not find. Throws invalid_config.
 */
export function chooseBlobStore(options: {
  readonly place: FilesPlace;
  readonly dataDir: string;
  /** Whether other brokers may use this one's store. */
  readonly shared: boolean;
  readonly limits: Pick<BrokerLimits, "s3RequestMs" | "s3ConnectMs" | "s3TriesMax" | "s3ConnectionsMax">;
  readonly log: Log;
}): BlobStore | null {
  const { place, dataDir, shared, limits, log } = options;
  if (place.store === "none") return null;
  if (place.store === "s3") {
    if (place.bucket === "")
      throw new ClaudemeshError("invalid_config", "`files.store` is s3 and `files.s3_bucket` names no bucket", {
        hint: "claudemesh config set --broker files.s3_bucket NAME",
      });
    return createS3Store(place, {
      requestMs: limits.s3RequestMs,
      connectMs: limits.s3ConnectMs,
      triesMax: limits.s3TriesMax,
      connectionsMax: limits.s3ConnectionsMax,
    });
  }
  if (place.directory !== "") return createDiskStore(place.directory);
  if (!shared) return createDiskStore(join(dataDir, "files"));
  log.warn(
    { hint: "claudemesh config set --broker files.directory, or files.store s3" },
    "files cannot be sent: brokers over a database need a place for them that all of them reach, and none is named",
  );
  return null;
}
