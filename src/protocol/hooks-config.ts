import { type ConfigKeys, listOf, parseConfigFile, tableNames, wholeNumber } from "./config-file.ts";
import { ClaudemeshError } from "./error.ts";
import {
  auditChoices,
  capabilityScopes,
  failureChoices,
  fsPolicies,
  type CapabilityScope,
  type HookSettings,
  networkPolicies,
  unenforcedChoices,
} from "./hook-settings.ts";
import { fixedHooks, isMessageHook, topicOfHook } from "./hook-names.ts";

const timeoutSecondsMax = 3_600;
const outputBytesDefault = 65_536;
const outputBytesMax = 1_048_576;

export const defaultHookSettings: HookSettings = {
  enabled: false,
  timeout_s: 30,
  output_size_limit: outputBytesDefault,
  redact_payload: false,
  allow_reply: false,
  capability_token_scope: [],
  network_policy: "none",
  fs_policy: "private",
  unenforced: "refuse",
  audit: "full",
  on_failure: "refuse",
};

const truth = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);
const choice =
  <const T extends string>(choices: readonly T[]) =>
  (value: unknown): T | undefined =>
    choices.find((one) => one === value);
const words = (choices: readonly string[]): string => choices.map((one) => `"${one}"`).join(" or ");

/** The keys of every table, in the order of the documentation. */
export const hookKeys: ConfigKeys<{ hook: HookSettings }>["hook"] = {
  enabled: { help: "whether it runs", takes: "true or false", live: true, read: truth },
  timeout_s: {
    help: "seconds after which it is told to end; five seconds later it is killed",
    takes: `a whole number of seconds from 1 to ${timeoutSecondsMax}`,
    live: true,
    read: (value) => wholeNumber(value, 1, timeoutSecondsMax),
  },
  output_size_limit: {
    help: "bytes of its standard output that are read; what is beyond them is thrown away, and no reply is taken",
    takes: `a whole number of bytes from 0 to ${outputBytesMax}`,
    live: true,
    read: (value) => wholeNumber(value, 0, outputBytesMax),
  },
  redact_payload: {
    help: "whether what the message says is kept from it: text, body, meta and the names of files",
    takes: "true or false",
    live: true,
    read: truth,
  },
  allow_reply: {
    help: "whether its standard output may answer the message",
    takes: "true or false",
    live: true,
    read: truth,
  },
  capability_token_scope: {
    help: "what it may ask of the daemon while it runs",
    takes: `a list of ${words(capabilityScopes)}`,
    live: true,
    read: (value) => listOf(value, isCapabilityScope) as readonly CapabilityScope[] | undefined,
  },
  network_policy: {
    help: "the network that it has",
    takes: words(networkPolicies),
    live: true,
    read: choice(networkPolicies),
  },
  fs_policy: { help: "the files that it sees", takes: words(fsPolicies), live: true, read: choice(fsPolicies) },
  unenforced: {
    help: "what becomes of it where this host cannot hold it to these policies",
    takes: words(unenforcedChoices),
    live: true,
    read: choice(unenforcedChoices),
  },
  audit: {
    help: "what is kept of its runs: how each ended and its last words, how each ended, or only what failed",
    takes: words(auditChoices),
    live: true,
    read: choice(auditChoices),
  },
  on_failure: {
    help: "of pre-send alone: what becomes of the message when it fails or takes too long",
    takes: words(failureChoices),
    live: true,
    read: choice(failureChoices),
  },
};

/** Settings by hook, of those that have a table. */
export type HooksConfig = ReadonlyMap<string, HookSettings>;

/** Reads hooks.toml. Throws invalid_config that names the line, as config.toml does. */
export function parseHooksConfig(source: string, path: string): HooksConfig {
  const named = tableNames(source, path).filter((name) => topicOfHook(name) !== null);
  const hooks = [...fixedHooks, ...named];
  const known = <T>(entry: T): Record<string, T> => Object.fromEntries(hooks.map((hook) => [hook, entry]));
  const tables = parseConfigFile<Record<string, HookSettings>>(
    source,
    path,
    known(hookKeys),
    known(defaultHookSettings),
  );
  const written = new Set(tableNames(source, path));
  const config = new Map(Object.entries(tables).filter(([hook]) => written.has(hook)));
  for (const [hook, settings] of config) refuseIdle(hook, settings, path);
  return config;
}

/** What a hook can never use is a mistake of whoever wrote it, and is told at once. */
function refuseIdle(hook: string, settings: HookSettings, path: string): void {
  const { allow_reply, capability_token_scope, on_failure } = settings;
  const refuse = (key: string, problem: string): never => {
    throw new ClaudemeshError("invalid_config", `${path}: \`${key}\` in [${hook}]: ${problem}`, {
      hint: `take the line out of ${path}`,
      details: { path },
    });
  };
  if (!isMessageHook(hook)) {
    if (allow_reply) refuse("allow_reply", "there is no message that it could answer");
    if (capability_token_scope.length > 0)
      refuse("capability_token_scope", "there is no message that a scope could be of");
  }
  if (hook === "on-dm" && capability_token_scope.includes("topic:<topic>:post"))
    refuse("capability_token_scope", "a direct message has no topic");
  if (hook !== "pre-send" && on_failure !== defaultHookSettings.on_failure)
    refuse("on_failure", "only pre-send decides about a message");
}

function isCapabilityScope(text: string): boolean {
  return (capabilityScopes as readonly string[]).includes(text);
}
