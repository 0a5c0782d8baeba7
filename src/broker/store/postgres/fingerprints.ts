import { encodeArray, textArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";

export async function noteFingerprints(
  core: StoreCore,
  names: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  return core.transaction(async (tx) => {
    // In one order of names, so that brokers that note at the same moment wait for each other and never in a circle.
    await tx.rows(
      `INSERT INTO mesh.fingerprint_offer AS f (name, last_offered_at)
       SELECT name, $2::bigint FROM unnest($1::text[]) AS offered (name) ORDER BY name
       ON CONFLICT (name) DO UPDATE SET last_offered_at = greatest(f.last_offered_at, excluded.last_offered_at)`,
      [encodeArray(textArray, names), now],
    );
    const rows = await tx.rows("SELECT name, last_offered_at FROM mesh.fingerprint_offer");
    return new Map(rows.map((row) => [String(row["name"]), Number(row["last_offered_at"])]));
  });
}
