/** What one contained hook may take of this host, each bound held by the kernel. */
export const hookBounds = {
  /** Processes and threads of all that it starts. */
  processes: 256,
  /** Memory that one of its processes writes to. */
  memoryBytes: 2_147_483_648,
  fileBytes: 268_435_456,
  openFiles: 1_024,
  /** All of its temporary files, which are memory. */
  temporaryBytes: 268_435_456,
  sharedMemoryBytes: 67_108_864,
} as const;

/** Since this kernel the processes of a user are counted for each user namespace alone, and not for the whole host. */
const countedByNamespace = [5, 14] as const;

/** Whether the number of processes can be bounded without counting those that its user runs elsewhere. */
export function boundsProcesses(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split(".").map(Number);
  const [fromMajor, fromMinor] = countedByNamespace;
  return major > fromMajor || (major === fromMajor && minor >= fromMinor);
}

/** The words before a command that bound what it takes. `program`: prlimit of util-linux. */
export function boundedCommand(program: string, withProcesses: boolean): readonly string[] {
  const { processes, memoryBytes, fileBytes, openFiles } = hookBounds;
  return [
    program,
    "--core=0",
    `--data=${memoryBytes}`,
    `--fsize=${fileBytes}`,
    `--nofile=${openFiles}`,
    ...(withProcesses ? [`--nproc=${processes}`] : []),
    "--",
  ];
}
