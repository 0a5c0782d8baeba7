import type { ServiceHost } from "./service-host.ts";
import type { ServiceScope, ServiceSpec } from "./service-spec.ts";

/** What starts services on an operating system: where it reads their files, and the commands that it is told by. */
export interface ServiceManager {
  readonly title: string;
  /** The home that needs no name of its own in a service's. */
  usualHome(scope: ServiceScope): string;
  folder(scope: ServiceScope, home: string): string;
  /** Of the file; `name` is that of `serviceName`. */
  fileName(name: string): string;
  /** The name by which a file of the folder is known; null: it cannot be one of ours. */
  nameOf(fileName: string): string | null;
  bytes(spec: ServiceSpec, name: string): Buffer;
  /** What a file of it says, for the mark. */
  readText(bytes: Buffer): string;
  /** Throws when there is no such manager on this machine, so that nothing is written in vain. */
  check(): void;
  /** Whether the manager knows a service of that name which is not in its folder; absent: what is there is in the folder. */
  query?(name: string): ToolCall;
  /** After the file has been written. */
  enable(service: ServiceFile): readonly ToolCall[];
  /** Starts it, or starts it again with what the file says now. */
  start(service: ServiceFile): readonly ToolCall[];
  /** Before the file is removed. */
  disable(service: ServiceFile): readonly ToolCall[];
  /** After it. */
  forget(service: ServiceFile): readonly ToolCall[];
  /** What the user should know of one that was just installed. */
  notices(scope: ServiceScope): readonly string[];
  /** What helps when a command fails. */
  failureHint(scope: ServiceScope): string;
}

export interface ServiceFile {
  readonly name: string;
  readonly scope: ServiceScope;
  readonly path: string;
}

export interface ToolCall {
  readonly command: string;
  readonly args: readonly string[];
  /** As ending what does not run. */
  readonly mayFail?: boolean;
  /** A second apart; absent: 1. */
  readonly tries?: number;
}

/** Services of the system are root's. */
export function rootHint({ node, program }: ServiceHost, command: string): string {
  return `services of the system are root's: sudo CLAUDEMESH_HOME=HOME ${node} ${program} ${command}`;
}
