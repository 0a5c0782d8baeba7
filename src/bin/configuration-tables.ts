import type { ConfigFile, ConfigKey } from "../cli/config/config-file.ts";
import { valueText } from "../cli/config/config-value.ts";
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
