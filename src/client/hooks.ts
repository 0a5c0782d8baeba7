import type { HookRunView, HooksView, HookTestView } from "../protocol/hooks-api.ts";
import { call, callPage, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";
import { type Paged, paged } from "./paged.ts";

/** Programs that the daemon calls when something happens. */
export interface HooksClient {
  list(options?: CallOptions): Promise<HooksView>;
  /** Newest first. */
  runs(filter?: HookRunsFilter, options?: CallOptions): Paged<HookRunView>;
  /** Calls one with an event that is made up; no reply of it is sent. It may take as long as the hook's settings let it. */
  test(hook: string, options?: CallOptions): Promise<HookTestView>;
}

export interface HookRunsFilter {
  readonly hook?: string;
  /** Only those that did not end well. */
  readonly failed?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

export function hooksClient(http: HttpClient): HooksClient {
  return {
    list: (options) => call(http, { method: "GET", path: "/v1/hooks", repeatable: true }, options),
    runs: (filter, options) =>
      paged((next) =>
        callPage(
          http,
          { method: "GET", path: "/v1/hooks/runs", query: { ...filter, ...next }, repeatable: true },
          options,
        ),
      ),
    test: (hook, options) =>
      call(http, { method: "POST", path: `/v1/hooks/${segment(hook)}/test`, body: {}, repeatable: false }, options),
  };
}
