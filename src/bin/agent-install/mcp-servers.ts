import { isDeepStrictEqual } from "node:util";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { SettingsFile } from "./agent-writer.ts";
import type { Splice } from "../../protocol/splice.ts";
import { addMember, type JsonNode, memberOf, removeAt, plainValue } from "./json-text.ts";
import { editText } from "./text-edit.ts";

/** Under this name our server stands among a coding agent's MCP servers. */
export const serverName = "claudemesh";

/** Our server among those that `key` of a settings file holds, or a key within a key. */
export function mcpServers(
  path: string,
  key: Key,
  wanted: Readonly<Record<string, unknown>>,
  comments = false,
): Pick<SettingsFile, "install" | "uninstall"> {
  return {
    install(text) {
      const edit = editText(text, path, comments);
      const there = serversOf(edit.root(), key, path);
      const own = memberOf(there, serverName);
      if (own !== null && isDeepStrictEqual(plainValue(own), wanted)) return [];
      if (own !== null && !isOurs(own))
        throw new ClaudemeshError("already_exists", `${path} has another MCP server named ${serverName}`, {
          hint: `nothing was changed; give that one another name in ${path}`,
          details: { path },
        });
      edit.apply((root, source) => removal(root, source, key, path));
      edit.apply((root, source) => {
        const servers = serversOf(root, key, path);
        if (servers?.kind === "object") return addMember(source, servers, serverName, wanted);
        const { holder, last } = holderOf(root, key);
        if (holder?.kind === "object") return addMember(source, holder, last, { [serverName]: wanted });
        return root.kind === "object"
          ? addMember(source, root, key[0] ?? "", { [last]: { [serverName]: wanted } })
          : null;
      });
      return edit.splices;
    },
    uninstall(text) {
      const edit = editText(text, path, comments);
      edit.apply((root, source) => removal(root, source, key, path));
      return edit.splices;
    },
  };
}

type Key = string | readonly [string, string];

/** What holds the servers, and their key in it. */
function holderOf(root: JsonNode, key: Key): { readonly holder: JsonNode | null; readonly last: string } {
  return typeof key === "string" ? { holder: root, last: key } : { holder: memberOf(root, key[0]), last: key[1] };
}

function serversOf(root: JsonNode, key: Key, path: string): JsonNode | null {
  const { holder, last } = holderOf(root, key);
  const servers = memberOf(holder, last);
  if (root.kind === "object" && (servers === null || servers.kind === "object")) return servers;
  throw new ClaudemeshError(
    "invalid_config",
    `${path} is written in a form that is not known: its servers are no object`,
    {
      hint: `nothing was changed; correct ${path}, then run the same command again`,
      details: { path },
    },
  );
}

function removal(root: JsonNode, text: string, key: Key, path: string): Splice | null {
  const servers = serversOf(root, key, path);
  const { holder, last } = holderOf(root, key);
  if (servers?.kind !== "object" || holder?.kind !== "object") return null;
  const at = servers.members.findLastIndex((member) => member.key === serverName);
  const own = servers.members[at]?.node;
  if (own === undefined || !isOurs(own)) return null;
  if (servers.members.length > 1) return removeAt(text, servers, at);
  return removeAt(
    text,
    holder,
    holder.members.findLastIndex((member) => member.key === last),
  );
}

/** Started by a command of ours, wherever it was installed then. */
function isOurs(server: JsonNode): boolean {
  const command = memberOf(server, "command");
  const args = memberOf(server, "args");
  // Some write the program and its arguments as one list.
  const elements = [command, args].flatMap((node) =>
    node?.kind === "array" ? node.elements : node === null ? [] : [node],
  );
  const words = elements.flatMap((word) =>
    word.kind === "scalar" && typeof word.value === "string" ? [word.value] : [],
  );
  return words.slice(1).includes("mcp") && words.some((word) => word.includes("claudemesh"));
}
