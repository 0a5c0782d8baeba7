/**
 * The environment for a program that a test starts. DATABASE_URL and REDIS_URL are the tests' own here: they say where a test makes its
 * databases, and a broker that inherited them would keep its messages there instead of in its folder. Wherever the tests run, in a CI job
 * or a container, the program takes it for an ordinary host.
 */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  const {
    DATABASE_URL: _database,
    REDIS_URL: _redis,
    CLAUDEMESH_DEPLOYMENT_DIR: _deployment,
    CLAUDEMESH_INVITE: _invite,
    ...others
  } = process.env;
  return { ...others, CLAUDEMESH_ENVIRONMENT: "host" };
}
