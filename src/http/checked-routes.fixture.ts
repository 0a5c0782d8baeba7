import { ClaudemeshError } from "../protocol/error.ts";
import type { Api } from "./api.ts";
import type { Reply, Route } from "./route.ts";
import { errorsOf } from "./route-errors.ts";

/**
 * The same routes, each comparing what it answers with what it says of itself. `problems` has a line for every answer
 * or refusal that is not described; a test of routes ends by finding it empty.
 */
export function checkedRoutes(
  routes: readonly Route[],
  api: Api,
): { readonly routes: readonly Route[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const checked = routes.map((route): Route => {
    if ("open" in route) return route;
    return {
      ...route,
      async handle(call) {
        try {
          const reply = await route.handle(call);
          const problem = problemOf(route, reply);
          if (problem !== null) problems.push(`${route.name}: ${problem}`);
          return reply;
        } catch (thrown) {
          const { code } = ClaudemeshError.from(thrown);
          if (!errorsOf(route, api).includes(code)) problems.push(`${route.name}: refuses with ${code}`);
          throw thrown;
        }
      },
    };
  });
  return { routes: checked, problems };
}

/** What is wrong with a reply by its route's own description; null if nothing is. */
export function problemOf(route: Route, reply: Reply): string | null {
  const answer = route.answers.find(({ status }) => status === reply.status);
  if (answer === undefined) return `answers ${reply.status}`;
  if ("text" in reply || "content" in reply) {
    const type = reply.contentType.split(";")[0];
    return "contentType" in answer && answer.contentType === type ? null : `answers ${type}`;
  }
  if (!("body" in answer)) return "answers JSON";
  try {
    answer.body.read(JSON.parse(JSON.stringify(reply.body)), "answer");
    return null;
  } catch (thrown) {
    return String(thrown);
  }
}
