import { takeWraps } from "../../keys/take-keys.ts";
import { request } from "./frame-handler.ts";

/** Keys for those who lack them, of a member that has them. */
export const onEpochWraps = request<"epoch_wraps">(async (frame, link, parts) => ({
  stored: await takeWraps(frame.wraps, link, parts),
}));
