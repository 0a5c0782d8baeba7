import type { Agents } from "./agents.ts";

/** What offers need to know of agents and their sessions. */
export type OfferedTo = Pick<
  Agents,
  "agentsFor" | "names" | "there" | "nameOf" | "namesOf" | "default" | "session" | "sessionsOf" | "onChange"
>;
