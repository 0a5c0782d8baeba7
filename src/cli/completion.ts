import { readFileSync } from "node:fs";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

/** Files of the folder `completions`, by shell. */
const scripts = {
  bash: "claudemesh.bash",
  zsh: "claudemesh.zsh",
  fish: "claudemesh.fish",
  powershell: "claudemesh.ps1",
} as const;
const shells = Object.keys(scripts) as (keyof typeof scripts)[];

export const command: Command = {
  name: "completion",
  summary: "Print the script that completes commands, options and names in your shell",
  usage: "completion bash|zsh|fish|powershell",
  options: {},
  words: [shells],
  examples: ["source <(claudemesh completion bash)", "claudemesh completion fish | source"],
  related: ["help shells"],
  async run({ positionals, out, flag }) {
    requireWords(command, positionals, 1, 1);
    const shell = shells.find((known) => known === positionals[0]);
    if (shell === undefined)
      throw usage(
        command,
        `there is no completion for ${quoted(positionals[0] ?? "")}: it is one of ${shells.join(", ")}`,
      );
    // The folder lies two folders up from the sources and from what is built.
    const script = readFileSync(new URL(`../../completions/${scripts[shell]}`, import.meta.url), "utf8");
    if (flag("json")) out.json({ shell, script });
    else out.line(script.trimEnd());
    return exitCodes.ok;
  },
};
