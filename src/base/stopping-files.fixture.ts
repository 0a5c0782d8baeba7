import { type FileLayer, systemFiles } from "./file-layer.ts";

/** The system's files until the n-th operation, which does not happen: of a write, half of it does. */
export interface StoppingFiles extends FileLayer {
  /** Operations asked for so far, the one that stopped included. */
  readonly asked: readonly string[];
  readonly stopped: boolean;
}

/**
 * `stop` is called in place of operation `at` (1 for the first); `dead`: of every one after it too, as in a process that is no more.
 * Enumerate: at 1, at 2, and so on until one runs to its end without being stopped.
 */
export function stoppingFiles(at: number, stop: (operation: string) => never, dead: boolean): StoppingFiles {
  const asked: string[] = [];
  const turn = (operation: string, stopping?: () => void): void => {
    asked.push(operation);
    const isDue = dead ? asked.length >= at : asked.length === at;
    if (!isDue) return;
    if (asked.length === at) stopping?.();
    stop(operation);
  };
  return {
    asked,
    get stopped() {
      return asked.length >= at;
    },
    open(path, flags, mode) {
      turn(`open ${flags} ${path}`);
      return systemFiles.open(path, flags, mode);
    },
    write(file, bytes, place) {
      turn("write", () => void systemFiles.write(file, bytes.subarray(0, bytes.length >> 1), place));
      return systemFiles.write(file, bytes, place);
    },
    sync(file) {
      turn("sync");
      systemFiles.sync(file);
    },
    truncate(file, length) {
      turn("truncate");
      systemFiles.truncate(file, length);
    },
    close(file) {
      // It changes nothing on disk, and a descriptor that stays open would outlive the test.
      systemFiles.close(file);
    },
    rename(from, to) {
      turn(`rename ${from} ${to}`);
      systemFiles.rename(from, to);
    },
    remove(path) {
      turn(`remove ${path}`);
      systemFiles.remove(path);
    },
  };
}

export function diskFails(operation: string): never {
  throw new Error(`planted: ${operation}`);
}
