import { ClaudemeshError } from "../../protocol/error.ts";
import type { ServiceHost } from "./service-host.ts";
import type { ToolCall } from "./service-manager.ts";

const pauseMs = 1_000;
/** Of what a command that failed said. */
const wordsMax = 600;

/** Runs commands of a manager one after the other; throws at the first that must not fail and does. */
export async function runCalls(host: ServiceHost, calls: readonly ToolCall[], failureHint: string): Promise<void> {
  for (const call of calls) await runCall(host, call, failureHint);
}

async function runCall(host: ServiceHost, call: ToolCall, failureHint: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { code, output } = await host.runTool(call.command, call.args);
    if (code === 0 || call.mayFail === true) return;
    if (tries < (call.tries ?? 1)) {
      await host.pause(pauseMs);
      continue;
    }
    const said = output === "" ? "it said nothing" : output.slice(0, wordsMax);
    throw new ClaudemeshError("not_allowed", `${shownCall(call)} ended with ${code ?? "no code"}: ${said}`, {
      hint: failureHint,
    });
  }
}

/** As a person would type it. */
export function shownCall({ command, args }: ToolCall): string {
  return [command, ...args].map((word) => (/^[A-Za-z0-9_./:@=\\-]+$/.test(word) ? word : `'${word}'`)).join(" ");
}
