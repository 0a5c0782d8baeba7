import type { Socket } from "node:net";
import { isSessionLine, readStatusLine, type StatusLine } from "../../../protocol/claude-code/peer-message.ts";
import { socketLimits } from "./socket-limits.ts";

/**
 * Calls `told` for each status that comes on a connection. What is no status is passed over; what is too long ends it. `stranger` is
 * called for what no session says, such as the answer of a server of another kind.
 */
export function hearStatuses(
  socket: Socket,
  told: (status: StatusLine) => void,
  stranger: () => void = () => {},
): void {
  let held = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (held + text).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      const status = readStatusLine(line);
      if (status !== null) told(status);
      else if (line.trim() !== "" && !isSessionLine(line)) stranger();
    }
    if (held.length > socketLimits.statusLineBytesMax) socket.destroy();
  });
}
