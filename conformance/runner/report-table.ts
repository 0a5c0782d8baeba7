import type { Scenario } from "./scenario.ts";

/** Scenario × SDK, and the sums. Results: null is right, a text says what is not; no results: the SDK was left out. */
export function reportTable(
  scenarios: readonly Pick<Scenario, "name">[],
  results: ReadonlyMap<string, ReadonlyMap<string, string | null> | null>,
): { readonly text: string; readonly failed: number } {
  const names = [...results.keys()];
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const lines = [`${"".padEnd(width)}  ${names.join("  ")}`];
  let [passed, failed, skipped] = [0, 0, 0];
  for (const { name } of scenarios) {
    const marks = names.map((sdk) => {
      const result = results.get(sdk)?.get(name);
      if (result === undefined) skipped += 1;
      else if (result === null) passed += 1;
      else failed += 1;
      return (result === undefined ? "–" : result === null ? "ok" : "FAIL").padEnd(sdk.length);
    });
    lines.push(`${name.padEnd(width)}  ${marks.join("  ")}`.trimEnd());
  }
  lines.push(`${passed} passed, ${failed} failed, ${skipped} left out`);
  return { text: `${lines.join("\n")}\n`, failed };
}
