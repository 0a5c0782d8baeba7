import { tools } from "../mcp/mcp-server.ts";
import type { FieldSchema, ObjectSchema, Tool } from "../mcp/tool.ts";

/** docs/mcp.md with its tools as the server has them; all else in it is left as it is. */
export function withTools(page: string): string {
  const between = /(<!-- tools -->\n)[\s\S]*?(<!-- end -->)/;
  if (!between.test(page)) throw new Error("the page has no place for the tools");
  return page.replace(between, (_, begin: string, end: string) => `${begin}\n${tools.map(section).join("\n")}\n${end}`);
}

function section({ name, description, schemas: { input, output } }: Tool): string {
  return [
    `### ${name}`,
    "",
    description,
    "",
    "| argument | takes | |",
    "|---|---|---|",
    ...fields(input).map(([field, schema, isRequired]) => {
      const said = [
        ...(isRequired ? ["**needed.**"] : []),
        ...(schema.description === undefined ? [] : [schema.description]),
      ];
      return `| \`${field}\` | ${cell(takes(schema))} | ${cell(said.join(" "))} |`;
    }),
    "",
    `Answers ${fields(output)
      .map(([field]) => `\`${field}\``)
      .join(", ")}.`,
    "",
  ].join("\n");
}

function fields({ properties, required = [] }: ObjectSchema): (readonly [string, FieldSchema, boolean])[] {
  return Object.entries(properties).map(([name, schema]) => [name, schema, required.includes(name)]);
}

function takes({ type = "text", enum: values, minimum, maximum, maxLength }: FieldSchema): string {
  if (values !== undefined) return values.join(", ");
  if (type === "integer") return `${minimum ?? "…"} to ${maximum === undefined || maximum > 1e15 ? "…" : maximum}`;
  if (type === "string") return maxLength === undefined ? "text" : `text of at most ${maxLength} characters`;
  return type === "array" ? "list of texts" : type === "boolean" ? "true or false" : type;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
