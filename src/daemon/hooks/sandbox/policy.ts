import type { HookSettings } from "../../../protocol/hook-settings.ts";

/**
 * What a hook sees of this host's files. In all of them the home of claudemesh is not there.
 *
 * - `private`: the system's own folders, for reading, and a folder for temporary files that ends with it. No home of anybody.
 * - `read-only`: all files that its user can read, but the folders where other programs have their sockets; it writes
 *   temporary files alone.
 * - `host`: the files of this host, as its user reads and writes them.
 */
export type FsPolicy = HookSettings["fs_policy"];

/** `none`: a network of its own with nothing but itself in it. `host`: the network of this host. */
export type NetworkPolicy = HookSettings["network_policy"];

/** What becomes of a hook where its policies cannot be enforced: it is not run, or it runs as the user. */
export type UnenforcedPolicy = HookSettings["unenforced"];
