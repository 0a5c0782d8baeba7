import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "What lies in the home",
  body: [
    "The home is ~/.claudemesh, or CLAUDEMESH_HOME. Its folders are 0700 and its files 0600: who can read them is you.",
    {
      rows: [
        ["daemon/MESH/keypair.json", "the member's keys: back it up; without it nobody can be this member again"],
        ["daemon/MESH/keypair-archive.json", "former keys, until their grace is over: `claudemesh rotate-keypair`"],
        ["daemon/MESH/membership.jsonl", "who belongs to the mesh, entry by entry as it was signed"],
        ["daemon/MESH/topic_keys.json", "keys of topics and queues; what is lost of them comes again from the broker"],
        ["daemon/MESH/mesh.json", "the mesh, the broker's address, and the key and certificate it is known by"],
        ["daemon/MESH/config.toml", "settings, optional: `claudemesh config list`"],
        ["daemon/MESH/outbox.db", "what is to be sent, and what became of it"],
        ["daemon/MESH/inbox.db", "what arrived"],
        ["daemon/MESH/files", "files on their way, sealed: what is to be sent, and what was not yet taken to its end"],
        ["daemon/MESH/sock", "the local API; `claudemesh status` shows it when it had to move"],
        ["daemon/MESH/local_token", "the token of the local API on 127.0.0.1"],
        ["daemon/MESH/daemon.log", "the log: `claudemesh logs`"],
        ["daemon/MESH/start.log", "what the process said at its last start"],
        ["daemon/MESH/daemon.json", "where the running daemon is found"],
        ["daemon/MESH/launch.json", "how it was started, for the next `up`"],
        ["set-aside", "folders that `claudemesh restore` has taken the place of; they hold keys"],
        ["broker/broker.db", "of a broker of your own: every message until it is delivered"],
        ["broker/files", "sealed pieces of files, until the messages that carry them are over"],
        ["broker/deployment_key.json", "the broker's identity, which every member knows it by: back it up"],
        ["broker/tls_key.pem", "the key that members of other hosts have pinned: back it up"],
        ["broker/tls_cert.pem", "the certificate around it, renewed by itself"],
        ["broker/listen.json", "where the broker was asked to listen, for the next `up`"],
        ["broker/broker.json", "the ports it has, which it takes again"],
        ["broker/config.toml", "its settings: `claudemesh config list --broker`"],
        ["broker/broker.log", "its log: `claudemesh logs --broker`"],
      ],
    },
    "A sealed copy of what matters: `claudemesh backup`. `claudemesh doctor` says what is wrong with any of them.",
  ],
};
