import type { StoreCore } from "./core.ts";

export function noteFingerprints(core: StoreCore, names: readonly string[], now: number): ReadonlyMap<string, number> {
  return core.transaction(() => {
    for (const name of names)
      core
        .sql(
          `INSERT INTO fingerprint_offer (name, last_offered_at) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET last_offered_at = max(last_offered_at, excluded.last_offered_at)`,
        )
        .run(name, now);
    const rows = core.sql("SELECT name, last_offered_at FROM fingerprint_offer").all();
    return new Map(rows.map((row) => [String(row["name"]), Number(row["last_offered_at"])]));
  });
}
