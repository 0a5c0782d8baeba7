import {
  completable,
  type ElicitRequestFormParams,
  fromJsonSchema,
  type McpServer,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import * as z from "zod";

/**
 * What the official conformance suite asks of a server for its tests: tools, resources and prompts of fixed names, as the
 * descriptions of its scenarios say. None of it is in the product; it stands on the product's server here.
 */
export function addSuiteFeatures(server: McpServer): void {
  addContentTools(server);
  addTalkingTools(server);
  addResources(server);
  addPrompts(server);
  server.server.registerCapabilities({ logging: {}, resources: { subscribe: true } });
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

/** One red pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/** No sample. */
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

const text = (said: string) => ({ type: "text" as const, text: said });
const image = { type: "image" as const, data: png, mimeType: "image/png" };
const embedded = (uri: string, mimeType: string, said: string) => ({
  type: "resource" as const,
  resource: { uri, mimeType, text: said },
});

function addContentTools(server: McpServer): void {
  const contents = {
    test_simple_text: [text("This is a simple text response for testing.")],
    test_image_content: [image],
    test_audio_content: [{ type: "audio" as const, data: wav, mimeType: "audio/wav" }],
    test_embedded_resource: [
      embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
    ],
    test_multiple_content_types: [
      text("Multiple content types test:"),
      image,
      embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  };
  for (const [name, content] of Object.entries(contents))
    server.registerTool(name, { description: "Of the suite" }, () => ({ content }));
  server.registerTool("test_error_handling", { description: "Of the suite" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  const inputSchema = fromJsonSchema({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
    },
    properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
    additionalProperties: false,
  });
  server.registerTool("json_schema_2020_12_tool", { description: "Of the suite", inputSchema }, () => ({
    content: [],
  }));
}

/** Tools that say something while they run, or ask the client. */
function addTalkingTools(server: McpServer): void {
  const description = "Of the suite";
  server.registerTool("test_tool_with_logging", { description }, async (ctx) => {
    for (const said of ["Tool execution started", "Tool processing data", "Tool execution completed"])
      await ctx.mcpReq.log("info", said);
    return { content: [text("logged")] };
  });
  server.registerTool("test_tool_with_progress", { description }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100])
      await ctx.mcpReq.notify({
        method: "notifications/progress",
        params: { progressToken: progressToken ?? 0, progress, total: 100 },
      });
    return { content: [text("done")] };
  });
  const prompt = z.object({ prompt: z.string() });
  server.registerTool("test_sampling", { description, inputSchema: prompt }, async (given, ctx) => {
    const sampled = await ctx.mcpReq.requestSampling({
      messages: [{ role: "user", content: text(given.prompt) }],
      maxTokens: 100,
    });
    return { content: [text(`LLM response: ${JSON.stringify(sampled.content)}`)] };
  });
  const ask = (name: string, properties: Parameters<typeof elicitation>[1]): void => {
    const inputSchema = z.object({ message: z.string().optional() });
    server.registerTool(name, { description, inputSchema }, async ({ message = "Please answer" }, ctx) => {
      const { action, content } = await ctx.mcpReq.elicitInput(elicitation(message, properties));
      return { content: [text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`)] };
    });
  };
  ask("test_elicitation", { username: { type: "string" }, email: { type: "string" } });
  ask("test_elicitation_sep1034_defaults", {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  });
  const options = ["option1", "option2", "option3"];
  const titled = ["value1", "value2", "value3"].map((value) => ({ const: value, title: `Choice ${value}` }));
  ask("test_elicitation_sep1330_enums", {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled },
    legacyEnum: { type: "string", enum: options, enumNames: ["Option One", "Option Two", "Option Three"] },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled } },
  });
}

function elicitation(message: string, properties: ElicitRequestFormParams["requestedSchema"]["properties"]) {
  return { message, requestedSchema: { type: "object" as const, properties } };
}

function addResources(server: McpServer): void {
  const described = (mimeType: string) => ({ description: "Of the suite", mimeType });
  server.registerResource("text", "test://static-text", described("text/plain"), ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "This is the content of the static text resource." }],
  }));
  server.registerResource("binary", "test://static-binary", described("image/png"), ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: png }],
  }));
  server.registerResource("watched", "test://watched-resource", described("text/plain"), ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "watched" }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, described("application/json"), ({ href }, { id }) => ({
    contents: [
      {
        uri: href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

function addPrompts(server: McpServer): void {
  const description = "Of the suite";
  const user = <T>(content: T) => ({ role: "user" as const, content });
  server.registerPrompt("test_simple_prompt", { description }, () => ({
    messages: [user(text("This is a simple prompt for testing."))],
  }));
  const two = z.object({ arg1: completed(), arg2: z.string() });
  server.registerPrompt("test_prompt_with_arguments", { description, argsSchema: two }, ({ arg1, arg2 }) => ({
    messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }));
  const uri = z.object({ resourceUri: z.string() });
  server.registerPrompt("test_prompt_with_embedded_resource", { description, argsSchema: uri }, ({ resourceUri }) => ({
    messages: [
      user(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
      user(text("Please process the embedded resource above.")),
    ],
  }));
  server.registerPrompt("test_prompt_with_image", { description }, () => ({
    messages: [user(image), user(text("Please analyze the image above."))],
  }));
}

function completed() {
  return completable(z.string(), () => ["paris", "park", "party"]);
}
