import type { ConfigFile, ConfigKey } from "../cli/config/config-file.ts";
import { valueText } from "../cli/config/config-value.ts";
import { defaultHookSettings, hookKeys } from "../protocol/hooks-config.ts";
import { brokerConfigFile, daemonConfigFile } from "./config-files.ts";

/** docs/configuration.md with its tables of settings as the programs have them; all else in it is left as it is. */
export function withTables(page: string): string {
  const files: Readonly<Record<string, ConfigFile>> = { daemon: daemonConfigFile("/"), broker: brokerConfigFile("/") };
  return Object.entries(files).reduce((text, [of, { keys }]) => {
    const between = new RegExp(`(<!-- settings of the ${of} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!between.test(text)) throw new Error(`the page has no place for the settings of the ${of}`);
    return text.replace(
      between,
      (_, begin: string, end: string) => `${begin}\n${table(keys, of === "daemon")}\n${end}`,
    );
  }, page);
}

/** docs/hooks.md with its table of what hooks.toml takes. */
export function withHookTable(page: string): string {
  const between = /(<!-- settings of a hook -->\n)[\s\S]*?(<!-- end -->)/;
  if (!between.test(page)) throw new Error("the page has no place for the settings of a hook");
  const rows = Object.entries(hookKeys).map(([key, { takes, help }]) => {
    const byDefault = valueText(defaultHookSettings[key as keyof typeof hookKeys]);
    return `| \`${key}\` | ${cell(takes)} | \`${cell(byDefault)}\` | ${cell(help)} |`;
  });
  const head = ["| setting | takes | default | what it says |", "|---|---|---|---|"];
  return page.replace(
    between,
    (_, begin: string, end: string) => `${begin}\n${[...head, ...rows].join("\n")}\n\n${end}`,
  );
}

function table(keys: readonly ConfigKey[], mayBeLive: boolean): string {
  const head = mayBeLive
    ? ["| setting | takes | default | what it does | in force |", "|---|---|---|---|---|"]
    : ["| setting | takes | default | what it does |", "|---|---|---|---|"];
  const rows = keys.map((key) => {
    const cells = [`\`${key.key}\``, cell(key.takes), defaultOf(key), cell(key.help)];
    const inForce = mayBeLive ? [key.live ? "`reload`" : "next start"] : [];
    return `| ${[...cells, ...inForce].join(" | ")} |`;
  });
  return `${[...head, ...rows].join("\n")}\n`;
}

function defaultOf({ default: byDefault }: ConfigKey): string {
  if (byDefault === null || byDefault === "") return "none";
  return `\`${cell(valueText(byDefault))}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
