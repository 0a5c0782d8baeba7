import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "mesh list",
  summary: "The meshes that this home belongs to, with its address and role in each",
  usage: "mesh list",
  options: {},
  related: ["mesh create", "join", "status"],
  examples: ["mesh list", "mesh list --json"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const meshes = await (await launcher()).meshes(home);
    if (flag("json")) {
      out.json({ meshes });
      return exitCodes.ok;
    }
    if (meshes.length === 0) {
      out.note("this home belongs to no mesh yet: claudemesh up, or claudemesh join LINK");
      return exitCodes.ok;
    }
    const rows = meshes.map((mesh) => [
      mesh.mesh,
      mesh.address,
      mesh.role ?? "?",
      mesh.members === null ? "?" : String(mesh.members),
      mesh.ended ? "ended" : mesh.sealed ? "sealed" : "not sealed",
      mesh.daemon,
      mesh.broker_url,
    ]);
    for (const line of table([["MESH", "YOU ARE", "ROLE", "MEMBERS", "STATE", "DAEMON", "BROKER"], ...rows]))
      out.line(line);
    if (meshes.some(({ sealed }) => !sealed))
      out.note("what is not sealed neither sends nor shows: claudemesh mesh seal");
    return exitCodes.ok;
  },
};
