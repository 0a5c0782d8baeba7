/** What a coding agent gives the programs that it starts, and where its settings are looked for. */
const ofCodingAgents = /^(?:CLAUDE|CODEX|GEMINI|OPENCODE)_|^CLAUDECODE$|^XDG_CONFIG_HOME$/;

/**
 * The environment for a program that a test starts. DATABASE_URL and REDIS_URL are the tests' own here: they say where a test makes its
 * databases, and a broker that inherited them would keep its messages there instead of in its folder. Wherever the tests run, in a CI job
 * or a container, the program takes it for an ordinary host. Run in a session of a coding agent, they are none of it: its settings are not
 * written, and what they send is not from it.
 */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  const {
    DATABASE_URL: _database,
    REDIS_URL: _redis,
    CLAUDEMESH_DEPLOYMENT_DIR: _deployment,
    CLAUDEMESH_INVITE: _invite,
    CLAUDEMESH_AGENT: _agent,
    ...others
  } = process.env;
  const ordinary = Object.entries(others).filter(([name]) => !ofCodingAgents.test(name));
  return { ...Object.fromEntries(ordinary), CLAUDEMESH_ENVIRONMENT: "host" };
}
