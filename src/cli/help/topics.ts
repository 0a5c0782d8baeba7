import type { HelpTopic } from "./help-topic.ts";

/** Every topic of the help by its name, in the order it lists them. Loaded when read. */
export const helpTopics: Readonly<Record<string, () => Promise<{ readonly topic: HelpTopic }>>> = {
  addresses: () => import("./addresses.ts"),
  delivery: () => import("./delivery.ts"),
  queues: () => import("./queues.ts"),
  ids: () => import("./ids.ts"),
  json: () => import("./json.ts"),
  pipes: () => import("./pipes.ts"),
  "exit-codes": () => import("./exit-codes.ts"),
  environment: () => import("./environment.ts"),
  home: () => import("./home.ts"),
  shells: () => import("./shells.ts"),
};
