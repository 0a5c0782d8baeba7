/** Bounds of a daemon's files. */
export const fileLimits = {
  /** Files that were put and are kept until they are no more needed. */
  filesMax: 10_000,
  /** Files handed over or taken through the local API at once. */
  transfersMax: 8,
  /** Blobs of one file on their way to or from the broker at once; each is at most 1 MiB in memory. */
  blobsAtOnceMax: 3,
  /** One request for a blob, with all its bytes. */
  blobRequestMs: 120_000,
  /** Files, and messages, that are remembered of leases that are held here. */
  leasedFilesMax: 8_192,
  /** Connections to the broker for blobs, of all files together. */
  connectionsMax: 6,
  /** A file whose blobs the broker confirmed within this time is there still: a broker keeps them a day longer than messages. */
  confirmedMs: 43_200_000,
  /** A file that nobody used for so long, and no message waits for, is no longer kept on this host. */
  unusedMs: 604_800_000,
  /** Blobs that came for a file that was not taken to its end. */
  unfinishedMs: 86_400_000,
} as const;
