import type { ServiceSpec } from "./service-spec.ts";

/** The daemons of a user on a laptop. */
export const laptop: ServiceSpec = {
  of: "daemon",
  scope: "user",
  node: "/usr/bin/node",
  program: "/usr/local/lib/node_modules/claudemesh/dist/bin/claudemesh.js",
  home: "/home/alice/.claudemesh",
  mesh: null,
  user: null,
  writable: [],
  listen: null,
  lowPort: false,
};

/** Those of a server, for deploy/. */
export const server: ServiceSpec = { ...laptop, scope: "system", user: "claudemesh", home: "/var/lib/claudemesh" };
export const serverBroker: ServiceSpec = { ...server, of: "broker", listen: "0.0.0.0:8787" };

export const mac: ServiceSpec = { ...laptop, node: "/opt/homebrew/bin/node", home: "/Users/alice/.claudemesh" };
export const windows: ServiceSpec = {
  ...laptop,
  node: "C:\\Program Files\\nodejs\\node.exe",
  program: "C:\\Users\\Alice\\AppData\\Roaming\\npm\\node_modules\\claudemesh\\dist\\bin\\claudemesh.js",
  home: "C:\\Users\\Alice\\.claudemesh",
  user: "HOST\\Alice",
};
