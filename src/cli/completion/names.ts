import { daemonDirs, findDaemonDir, meshOf } from "../../client/find-daemon.ts";
import type { Client } from "../../client/client.ts";
import { connect } from "../../client/connect.ts";
import { join } from "node:path";
import type { CommandContext } from "../command.ts";
import type { Launcher } from "../launcher.ts";
import { plural } from "../plural.ts";
import type { NamedKind, Offer, Place } from "./offers.ts";

/** A key press must not wait for long: names that come later are not offered. */
const deadlineMs = 300;
const rowsMax = 50;
/** Rows that one may want to inspect, requeue or drop. */
const rowStates = ["pending", "inflight", "dead", "aborted"] as const;

/** Names from the daemon that the typed words mean, and from the disk. Rejects when there is no daemon. */
export function namesFrom(context: Pick<CommandContext, "home" | "env" | "launcher" | "signal">): Place["names"] {
  return async (kind, words, current) => {
    if (kind === "mesh") return daemonDirs(context.home).map(({ slug }) => ({ value: slug, help: "" }));
    if (kind === "config-key") return configKeys(await context.launcher(), context.home, words);
    const mesh = optionValue(words, "--mesh") ?? meshOf(context.env);
    const client = connect({ dir: findDaemonDir(context.home, mesh) });
    try {
      return await fromDaemon(client, kind, current, { timeoutMs: deadlineMs, signal: context.signal });
    } finally {
      client.close();
    }
  };
}

async function fromDaemon(
  client: Client,
  kind: Exclude<NamedKind, "mesh" | "config-key">,
  current: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly Offer[]> {
  switch (kind) {
    case "member":
      return members(client, options);
    case "agent":
      return (await client.agents.list(options)).items.map(({ name, state }) => ({ value: name, help: state }));
    case "topic":
      // Without the sign that shells take for a comment, unless it was typed.
      return topics(client, current.startsWith("#") ? "#" : "", options);
    case "queue":
      return queues(client, current.startsWith("queue:") ? "queue:" : "", options);
    case "address":
      // Their agents where one is being written: else every member would stand there several times.
      if (current.startsWith("@") && current.includes("/")) return agentAddresses(client, options);
      if (current.startsWith("#")) return topics(client, "#", options);
      if (current.startsWith("@")) return members(client, options);
      if (current.startsWith("queue:")) return queues(client, "queue:", options);
      return (await Promise.all([members(client, options), topics(client, "#", options)])).flat();
    case "granted":
      return [
        ...(await topics(client, "#", options)),
        // The daemon asks the broker for queues: while that is away, everything else is still offered.
        ...(await queues(client, "queue:", options).catch(() => [])),
        { value: "everything", help: "no limit any more" },
      ];
    case "invite":
      return (await client.invites.list(options))
        .filter(({ state }) => state === "open")
        .map((invite) => ({
          value: invite.invite_id.slice(0, 12),
          help: `${invite.role}, until ${invite.expires_at}`,
        }));
    case "row": {
      const pages = await Promise.all(rowStates.map((state) => client.outbox.list({ state, limit: rowsMax }, options)));
      return pages.flatMap(({ items }) =>
        items.map((row) => ({ value: String(row.outbox_id), help: `${row.status}, to ${row.to}` })),
      );
    }
  }
}

type CallLimits = { readonly timeoutMs: number; readonly signal: AbortSignal };

async function members(client: Client, options: CallLimits): Promise<Offer[]> {
  return (await client.members(options)).map((member) => ({
    value: member.address,
    help: member.self ? "this daemon" : member.online ? "online" : "offline",
  }));
}

async function agentAddresses(client: Client, options: CallLimits): Promise<Offer[]> {
  return (await client.members(options)).flatMap(({ address, agents, agents_online: online }) =>
    agents.map((agent) => ({
      value: `${address}/${agent}`,
      help: (online ?? []).includes(agent) ? "online" : "offline",
    })),
  );
}

async function topics(client: Client, sign: "#" | "", options: CallLimits): Promise<Offer[]> {
  return (await client.topics.list(options)).map((topic) => ({
    value: `${sign}${topic.name}`,
    help: `${plural(topic.subscribers, "subscriber")}${topic.subscribed ? ", joined" : ""}`,
  }));
}

async function queues(client: Client, sign: "queue:" | "", options: CallLimits): Promise<Offer[]> {
  return (await client.queues.list(options)).map(({ name, messages }) => ({
    value: `${sign}${name}`,
    help: `${messages.ready} ready, ${messages.leased} leased, ${messages.dead} dead`,
  }));
}

/** Keys are the same in every mesh. */
function configKeys(launcher: Launcher, home: string, words: readonly string[]): Offer[] {
  const of = words.includes("--broker") ? "broker" : "daemon";
  return launcher.configFile(join(home, of), of).keys.map(({ key, help }) => ({ value: key, help }));
}

function optionValue(words: readonly string[], option: string): string | null {
  const at = words.lastIndexOf(option);
  return (
    (at === -1 ? null : words[at + 1]) ??
    words.findLast((word) => word.startsWith(`${option}=`))?.slice(option.length + 1) ??
    null
  );
}
