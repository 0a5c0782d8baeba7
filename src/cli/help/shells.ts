import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Completion of commands, options and names in your shell",
  body: [
    "Put the line of your shell where it reads its settings. Members, topics and rows are asked of the running daemon; without one, commands and options complete all the same.",
    {
      rows: [
        ["bash, in ~/.bashrc", "source <(claudemesh completion bash)"],
        ["zsh, in ~/.zshrc after compinit", "source <(claudemesh completion zsh)"],
        ["fish, in ~/.config/fish/config.fish", "claudemesh completion fish | source"],
        ["PowerShell, in $PROFILE", "claudemesh completion powershell | Out-String | Invoke-Expression"],
      ],
    },
    "`claudemesh` has to be in PATH. Names with characters that mean something to the shell are completed in quoted form: `#builds` becomes `\\#builds` or `'#builds'`.",
  ],
};
