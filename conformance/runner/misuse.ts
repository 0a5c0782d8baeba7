/** Whether parseArgs has refused the words of a command. */
export function isMisuse(thrown: unknown): thrown is Error {
  return thrown instanceof Error && "code" in thrown && String(thrown.code).startsWith("ERR_PARSE_ARGS_");
}
