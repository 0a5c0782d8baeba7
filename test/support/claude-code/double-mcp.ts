import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { claudeCode } from "../../../src/protocol/claude-code/assumptions.ts";

export interface DoubleMcp {
  end(): void;
}

interface ServerEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the MCP servers of the settings and greets each, in the era of the protocol in which a channel is taken. */
export async function doubleMcp(
  configDir: string,
  project: string,
  onChannel: (text: string) => void,
): Promise<DoubleMcp> {
  const children = [join(configDir, claudeCode.userMcpFile), join(project, claudeCode.projectMcpFile)]
    .flatMap((file) => Object.values(serversIn(file)))
    .map(({ command, args = [], env = {} }) =>
      spawn(command, args, { cwd: project, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "ignore"] }),
    );
  for (const child of children) {
    const send = (message: unknown): void =>
      void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...(message as object) })}\n`);
    const greeted = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const message = JSON.parse(line) as {
          id?: number;
          method?: string;
          params?: { content?: string; meta?: object };
        };
        if (message.id === 1) resolve();
        if (message.method !== "notifications/claude/channel") return;
        const { content = "", meta = {} } = message.params ?? {};
        const attributes = Object.entries(meta).map(([name, value]) => ` ${name}="${String(value)}"`);
        onChannel(`<channel source="claudemesh"${attributes.join("")}>${content}</channel>`);
      });
      child.on("close", () => resolve());
    });
    send({
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-06-18",
        capabilities: {},
        clientInfo: { name: "claude-code", version: "2.1.280" },
      },
    });
    await greeted;
    send({ method: "notifications/initialized" });
  }
  return {
    end() {
      for (const child of children) child.kill("SIGTERM");
    },
  };
}

function serversIn(file: string): Readonly<Record<string, ServerEntry>> {
  try {
    const settings = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, Record<string, ServerEntry>>>;
    return settings[claudeCode.mcpServersKey] ?? {};
  } catch {
    return {};
  }
}
