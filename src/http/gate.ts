import type { IncomingMessage } from "node:http";
import type { Route } from "./route.ts";

/** What a listener asks of a request before it is looked at. */
export interface Gate {
  /** Throws the refusal of a request that may not pass. `route` is null where there is none for it. */
  check(request: IncomingMessage, query: URLSearchParams, route: Route | null, now: number): void;
}
