/**
 * The environment for a program that a test starts. DATABASE_URL and REDIS_URL are the tests' own here: they say where a test makes its
 * databases, and a broker that inherited them would keep its messages there instead of in its folder.
 */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, REDIS_URL: _redis, CLAUDEMESH_DEPLOYMENT_DIR: _deployment, ...others } = process.env;
  return others;
}
