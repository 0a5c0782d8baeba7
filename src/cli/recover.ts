import type { Command } from "./command.ts";
export const command: Command = {
  name: "recover",
  summary: "x",
  usage: "recover",
  options: {},
  examples: [],
  run: () => Promise.resolve(0),
};
