import type { ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { RequestHost } from "./http-server.ts";
import type { Route } from "./route.ts";

/** What a request takes of what there is for all. */
export interface Place {
  /** Who asks is known. Throws the API's busy code when that one has taken its share already. */
  share(admitted: unknown): void;
  /** What is wanted is known. */
  work(): void;
  leave(): void;
}

type Load = "reading" | "inFlight";

/**
 * Apart from each other: whoever is slow to say what it wants keeps nobody from asking who has said it. Of a route that takes long, as
 * many are under way as it has places for. Throws the API's busy code when there is none.
 */
export function takePlace(host: RequestHost, route: Route): Place {
  refuseWhenBusy(host, "inFlight");
  return route.places === null ? takeOfAll(host, route) : takeOfRoute(host, route.places);
}

function takeOfRoute(host: RequestHost, places: NonNullable<Route["places"]>): Place {
  const { load, api } = host;
  const { each = null } = places;
  let holder: string | null = null;
  if (places.taken >= places.max) throw busy(api.busyCode, `${places.max} requests of this kind`);
  places.taken++;
  load.inFlight++;
  return {
    share(admitted) {
      if (each === null) return;
      const asking = each.of(admitted);
      const taken = each.taken.get(asking) ?? 0;
      if (taken >= each.max) throw busy(api.busyCode, `${taken} requests of this kind and caller`);
      each.taken.set(asking, taken + 1);
      holder = asking;
    },
    work() {},
    leave() {
      places.taken--;
      load.inFlight--;
      if (holder !== null) giveBack(each?.taken, holder);
      load.onRelease();
    },
  };
}

function giveBack(taken: Map<string, number> | undefined, holder: string): void {
  const left = (taken?.get(holder) ?? 1) - 1;
  if (left === 0) taken?.delete(holder);
  else taken?.set(holder, left);
}

function takeOfAll(host: RequestHost, { body }: Route): Place {
  const { load } = host;
  const first: Load = body === null ? "inFlight" : "reading";
  refuseWhenBusy(host, first);
  load[first]++;
  let now = first;
  return {
    share() {},
    /** The one place is taken before the other is left: a stop waits for both. */
    work() {
      if (now === "inFlight") return;
      refuseWhenBusy(host, "inFlight");
      load.inFlight++;
      load.reading--;
      now = "inFlight";
    },
    leave() {
      load[now]--;
      load.onRelease();
    },
  };
}

function refuseWhenBusy({ api, load, inFlightMax }: RequestHost, kind: Load): void {
  if (load[kind] >= inFlightMax) throw busy(api.busyCode, `${inFlightMax} requests`);
}

function busy(code: RequestHost["api"]["busyCode"], what: string): ClaudemeshError {
  return new ClaudemeshError(code, `${what} are in flight already`, { hint: "try again in a moment" });
}

/**
 * Resolves when the caller's side has taken the whole answer, or the connection has ended; it is ended after `limitMs`. Until then the
 * answer's bytes are held here.
 */
export async function takenByCaller(response: ServerResponse, clock: Clock, limitMs: number): Promise<void> {
  if (response.writableFinished || response.closed) return;
  const timer = clock.after(limitMs, () => response.destroy());
  await new Promise<void>((resolve) => response.once("finish", resolve).once("close", resolve));
  timer.cancel();
}
