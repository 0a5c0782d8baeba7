import type { Client } from "../client/client.ts";
import type { MembershipView } from "../protocol/membership-api.ts";

/** The whole chain that the home holds, with its head and trouble as they were when the last page was read. */
export async function allEntries(client: Client, signal: AbortSignal): Promise<Omit<MembershipView, "next_after">> {
  const entries: MembershipView["entries"][number][] = [];
  for (let after: number | null = null; ; ) {
    const page: MembershipView = await client.membership.show(after === null ? {} : { after }, { signal });
    entries.push(...page.entries);
    if (page.next_after === null) return { n: page.n, head: page.head, trouble: page.trouble, entries };
    after = page.next_after;
  }
}
