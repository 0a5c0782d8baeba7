-- Agents: named sessions and programs behind this member. Their mail is in `inbox`; what is here says whose it is.
CREATE TABLE agent (
  name         TEXT PRIMARY KEY,
  -- The program behind it, such as 'claude-code'; '': any that begins in its project.
  kind         TEXT NOT NULL,
  -- Folder that its sessions begin in; '': none.
  project      TEXT NOT NULL,
  -- 1: a user gave the name; 0: it is made of the folder's.
  chosen       INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT;

CREATE INDEX agent_project ON agent (project) WHERE project <> '';

-- Names that agents had: what is sent to one arrives at its agent.
CREATE TABLE agent_former_name (
  name  TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;

CREATE INDEX agent_former_name_agent ON agent_former_name (agent);

-- Runs of coding agents and programs, by the program's own id of each. Ended ones stay for whoever resumes them.
CREATE TABLE agent_session (
  kind         TEXT NOT NULL,
  session_id   TEXT NOT NULL,
  agent        TEXT NOT NULL,
  project      TEXT NOT NULL,
  -- Process id and when it began; '' where that is not known.
  process      TEXT NOT NULL,
  -- Where it takes messages; '' where it does not. The token for it is on no disk.
  socket_path  TEXT NOT NULL,
  -- 1: it works on something now.
  busy         INTEGER NOT NULL,
  started_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  lease_until  INTEGER NOT NULL,
  -- NULL while it lives: it said that it ends, or its lease ran out.
  ended_at     INTEGER,
  PRIMARY KEY (kind, session_id)
) STRICT;

CREATE INDEX agent_session_live ON agent_session (lease_until) WHERE ended_at IS NULL;
CREATE INDEX agent_session_agent ON agent_session (agent, last_seen_at);
CREATE INDEX agent_session_process ON agent_session (process) WHERE process <> '';
CREATE INDEX agent_session_socket ON agent_session (socket_path) WHERE socket_path <> '';
CREATE INDEX agent_session_seen ON agent_session (last_seen_at);

-- Topics whose messages an agent is told of, from a place of the inbox on.
CREATE TABLE agent_topic (
  agent    TEXT NOT NULL,
  topic    TEXT NOT NULL,
  after_id INTEGER NOT NULL,
  PRIMARY KEY (agent, topic)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_topic_topic ON agent_topic (topic);
