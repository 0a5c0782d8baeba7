import { fileURLToPath } from "node:url";
import { type DatabaseFacts, inspectDatabase } from "../../base/inspect-database.ts";
import { isOutOfReach } from "../../base/sqlite-database.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { type Outcome, problem } from "./check.ts";

const migrations = {
  outbox: "../../../migrations/daemon/outbox",
  inbox: "../../../migrations/daemon/inbox",
  broker: "../../../migrations/broker/sqlite",
} as const;

/** A database that no process has open: whether it can be read, and whether this program knows its form. `helps`: where it is damaged. */
export function storeFacts(
  path: string,
  of: keyof typeof migrations,
  helps: string,
  countBy?: string,
): { readonly facts: DatabaseFacts | null; readonly faults: readonly Outcome[] } {
  try {
    const facts = inspectDatabase(path, fileURLToPath(new URL(migrations[of], import.meta.url)), countBy);
    const unknown = facts?.unknown ?? [];
    if (unknown.length === 0) return { facts, faults: [] };
    const text = `${path} was written by a newer claudemesh: this one does not know ${unknown.join(", ")}`;
    return { facts, faults: [problem(text, "install the version that wrote it, or a later one")] };
  } catch (thrown) {
    const text = `${path} cannot be read: ${ClaudemeshError.from(thrown).message}`;
    return {
      facts: null,
      faults: [
        problem(
          text,
          isOutOfReach(thrown) ? "make room on its disk, or give it its mode back; then: claudemesh doctor" : helps,
        ),
      ],
    };
  }
}
