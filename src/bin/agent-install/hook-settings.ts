import { isDeepStrictEqual } from "node:util";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { SettingsFile } from "./agent-writer.ts";
import type { Splice } from "../../protocol/splice.ts";
import { addElement, addMember, type JsonNode, memberOf, removeAt, plainValue } from "./json-text.ts";
import { editText, type TextEdit } from "./text-edit.ts";

/** Hooks of one event, as settings files of Claude Code and those like it hold them. */
export interface HookGroup {
  readonly matcher?: string;
  readonly hooks: readonly Readonly<Record<string, unknown>>[];
}

/** Ours in the member `hooks` of a settings file, by event; `own` tells our commands from the user's. */
export function hookSettings(
  path: string,
  wanted: Readonly<Record<string, HookGroup>>,
  own: RegExp,
  comments = false,
): Pick<SettingsFile, "install" | "uninstall"> {
  return {
    install(text) {
      const edit = editText(text, path, comments);
      if (isDeepStrictEqual(byEvent(ownGroups(edit.root(), own, path)), byEvent(Object.entries(wanted)))) return [];
      removeOwn(edit, own, path);
      for (const [event, group] of Object.entries(wanted)) addGroup(edit, event, group);
      return edit.splices;
    },
    uninstall(text) {
      const edit = editText(text, path, comments);
      removeOwn(edit, own, path);
      return edit.splices;
    },
  };
}

/** Events stand in whatever order the user's own hooks gave them. */
function byEvent(groups: readonly [string, unknown][]): [string, unknown][] {
  return groups.toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** Groups that hold something of ours, with their event. */
function ownGroups(root: JsonNode, own: RegExp, path: string): [string, unknown][] {
  return events(root, path).flatMap(([event, groups]) =>
    groups.elements
      .filter((group) => ownAt(group, own).length > 0)
      .map((group): [string, unknown] => [event, plainValue(group)]),
  );
}

function events(root: JsonNode, path: string): [string, JsonNode & { kind: "array" }][] {
  if (root.kind !== "object") throw otherForm(path, "it is no object");
  const hooks = memberOf(root, "hooks");
  if (hooks === null) return [];
  if (hooks.kind !== "object") throw otherForm(path, "`hooks` is no object");
  return hooks.members.map(({ key, node }) => {
    if (node.kind !== "array") throw otherForm(path, `\`hooks.${key}\` is no list`);
    return [key, node];
  });
}

/** Which of a group's hooks are ours. */
function ownAt(group: JsonNode, own: RegExp): number[] {
  const hooks = memberOf(group, "hooks");
  if (hooks?.kind !== "array") return [];
  return hooks.elements.flatMap((hook, index) => {
    const command = memberOf(hook, "command");
    return command?.kind === "scalar" && typeof command.value === "string" && own.test(command.value) ? [index] : [];
  });
}

/** A group that is ours alone goes as a whole, and so does what it leaves empty. */
function removeOwn(edit: TextEdit, own: RegExp, path: string): void {
  while (edit.apply((root, text) => oneOfOurs(root, text, own, path))) {
    // Each round takes one out.
  }
}

function oneOfOurs(root: JsonNode, text: string, own: RegExp, path: string): Splice | null {
  const all = events(root, path);
  for (const [at, [, groups]] of all.entries()) {
    for (const [index, group] of groups.elements.entries()) {
      const [first] = ownAt(group, own);
      const hooks = memberOf(group, "hooks");
      if (first === undefined || hooks?.kind !== "array") continue;
      if (hooks.elements.length > 1) return removeAt(text, hooks, first);
      if (groups.elements.length > 1) return removeAt(text, groups, index);
      const holder = memberOf(root, "hooks");
      if (holder?.kind !== "object" || root.kind !== "object") return null;
      if (all.length > 1) return removeAt(text, holder, at);
      return removeAt(
        text,
        root,
        root.members.findLastIndex(({ key }) => key === "hooks"),
      );
    }
  }
  return null;
}

function addGroup(edit: TextEdit, event: string, group: HookGroup): void {
  edit.apply((root, text) => {
    if (root.kind !== "object") return null;
    const hooks = memberOf(root, "hooks");
    if (hooks?.kind !== "object") return addMember(text, root, "hooks", { [event]: [group] });
    const groups = memberOf(hooks, event);
    return groups?.kind === "array" ? addElement(text, groups, group) : addMember(text, hooks, event, [group]);
  });
}

function otherForm(path: string, why: string): ClaudemeshError {
  return new ClaudemeshError("invalid_config", `${path} is written in a form that is not known: ${why}`, {
    hint: `nothing was changed; correct ${path}, then run the same command again`,
    details: { path },
  });
}
