import { daemonFiles } from "../../daemon/daemon-files.ts";
import type { DaemonCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

const withContent = daemonFiles.filter(({ kind }) => kind === "file" || kind === "database");

export const check: DaemonCheck = filesCheck({
  secrets: withContent.filter(({ secret }) => secret).map(({ name }) => name),
  files: withContent.filter(({ secret }) => !secret).map(({ name }) => name),
});
