import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Environment variables, and when there is colour",
  body: [
    {
      rows: [
        ["CLAUDEMESH_HOME", "the folder of everything, ~/.claudemesh by default; a second one is a second member"],
        ["CLAUDEMESH_MESH", "the mesh that is meant when --mesh is not given"],
        [
          "CLAUDEMESH_<TABLE>_<KEY>",
          "a setting of the daemon or the broker that is started: CLAUDEMESH_LINK_PING_SECONDS=10; entries of a list with commas between; above config.toml, below --set",
        ],
        [
          "DATABASE_URL",
          "postgres://USER:PASSWORD@HOST/DATABASE: `claudemesh broker` keeps its messages there; a home that has a broker of its own kind keeps it",
        ],
        ["REDIS_URL", "redis://HOST or rediss://…: such brokers limit rates together and wake each other"],
        ["CLAUDEMESH_DEPLOYMENT_DIR", "a folder that such brokers share: their key and their own certificate"],
        ["XDG_RUNTIME_DIR, TMPDIR", "where a socket stands whose path in the home would be too long for the system"],
        ["NO_COLOR", "not empty: no colour, whatever else is set"],
        ["FORCE_COLOR, CLICOLOR_FORCE", "not empty and not 0: colour even when the answer goes to no terminal"],
        ["CLICOLOR", "0: no colour"],
        ["TERM", "dumb: no colour"],
      ],
    },
    "Without these, there is colour when standard output is a terminal. Nothing is told by colour alone: every state is also a word. There are no spinners and no drawn boxes, and one fact stands on one line.",
  ],
};
