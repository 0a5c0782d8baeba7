import { type Ran, run } from "./run.ts";

/** Runs a command on a new terminal, types each line once the words before it are shown, and passes on all that is shown. */
const script = `
import json, os, pty, sys
typed = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
    while typed and typed[0][0].encode() in shown:
        os.write(terminal, typed.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode("utf-8", "replace"))
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
`;

/** A command as somebody at a terminal sees it: standard output is all that is shown there, what the terminal echoes included. */
export function onTerminal(
  command: readonly string[],
  typed: readonly (readonly [shown: string, keys: string])[],
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  return run("python3", ["-c", script, JSON.stringify(typed), ...command], { env });
}
