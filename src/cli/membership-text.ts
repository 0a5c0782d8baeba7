type Entry = Readonly<Record<string, unknown>>;
type NameOf = (id: unknown) => string;

const shownChars = 12;

/** Who made each entry and what it says, by the names that members had then; an id that nobody has is shown by its beginning. */
export function entryTexts(entries: readonly Entry[]): readonly { readonly by: string; readonly what: string }[] {
  const names = new Map<unknown, unknown>();
  const nameOf: NameOf = (id) => (names.has(id) ? `@${String(names.get(id))}` : String(id).slice(0, shownChars));
  return entries.map((entry) => {
    const member = entry["member"] as Entry | undefined;
    if (member !== undefined) names.set(member["member_id"], member["name"]);
    const text = { by: nameOf(entry["by"]), what: entryWords(entry, nameOf) };
    if (entry["kind"] === "rename") names.set(entry["member_id"], entry["name"]);
    return text;
  });
}

function entryWords(entry: Entry, nameOf: NameOf): string {
  const of = nameOf(entry["member_id"]);
  const member = entry["member"] as Entry | undefined;
  const destinations = entry["destinations"] as readonly string[] | null;
  switch (entry["kind"]) {
    case "create":
      return `began the mesh, as @${String(member?.["name"])}, its owner`;
    case "admit":
      return `took in @${String(member?.["name"])} as ${String(entry["role"])}`;
    case "join":
      return `@${String(member?.["name"])} joined by this invite`;
    case "invite":
      return `made invite ${String(entry["invite_id"]).slice(0, shownChars)} for ${String(entry["uses"])} as ${String(entry["role"])}`;
    case "invite_revoke":
      return `took back invite ${String(entry["invite_id"]).slice(0, shownChars)}`;
    case "rename":
      return `named ${of} @${String(entry["name"])}`;
    case "role":
      return `made ${of} ${String(entry["role"])}`;
    case "grants":
      return destinations === null
        ? `lets ${of} use every topic and queue`
        : `lets ${of} use ${destinations.join(", ") || "#all"} only`;
    case "dm_from": {
      const from = entry["from"] as readonly string[] | null;
      return from === null
        ? "takes direct messages of everybody"
        : `takes direct messages of ${from.map(nameOf).join(", ") || "nobody"} only`;
    }
    case "rotate":
      return "changed its keys";
    case "revoke":
      return `revoked ${of}`;
    case "leave":
      return "left";
    case "policy":
      return `${entry["unsealed"] === true ? "opened" : "closed"} ${String(entry["destination"])} for unsealed messages of API keys`;
    default:
      return String(entry["kind"]);
  }
}
