import { join, win32 } from "node:path";
import type { ServiceHost } from "./service-host.ts";
import type { ServiceManager, ToolCall } from "./service-manager.ts";
import { windowsTask, windowsTaskBytes } from "./windows-task.ts";

/** Task Scheduler keeps its own copy; ours stays in the home, by which uninstalling knows it. */
export function windowsManager(host: ServiceHost): ServiceManager {
  const system = host.env["SystemRoot"] ?? "C:\\Windows";
  const call = (...args: readonly string[]): ToolCall => ({
    command: win32.join(system, "System32\\schtasks.exe"),
    args,
  });
  return {
    title: "Task Scheduler",
    usualHome: () => join(host.homeFolder, ".claudemesh"),
    folder: (scope, home) => join(home, "service", scope),
    fileName: (name) => `${name}.xml`,
    nameOf: (file) => /^(claudemesh-.*)\.xml$/.exec(file)?.[1] ?? null,
    bytes: (spec) => windowsTaskBytes(windowsTask(spec)),
    readText: (bytes) => bytes.toString("utf16le"),
    check() {},
    query: (name) => call("/Query", "/TN", name, "/XML"),
    enable: ({ name, path: file }) => [call("/Create", "/TN", name, "/XML", file, "/F")],
    start: ({ name }) => [{ ...call("/End", "/TN", name), mayFail: true }, call("/Run", "/TN", name)],
    disable: ({ name }) => [{ ...call("/End", "/TN", name), mayFail: true }, call("/Delete", "/TN", name, "/F")],
    forget: () => [],
    notices: () => [],
    failureHint: () => "registering a task needs a command prompt that was opened as administrator",
  };
}
