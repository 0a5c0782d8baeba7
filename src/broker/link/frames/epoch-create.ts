import { takeEpoch } from "../../keys/take-keys.ts";
import { request } from "./frame-handler.ts";

/** A member has made a key, under its own signature. */
export const onEpochCreate = request<"epoch_create">(async (frame, link, parts) => ({
  created: await takeEpoch(frame, link, parts),
}));
