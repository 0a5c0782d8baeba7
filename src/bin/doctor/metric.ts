/** The value of one metric in Prometheus text, by its name and the labels that matter; null when it is not there. */
export function metric(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  for (const line of text.split("\n")) {
    const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found?.[1] !== name) continue;
    const written = found[2] ?? "";
    if (Object.entries(labels).every(([label, value]) => written.includes(`${label}="${value}"`)))
      return Number(found[3]);
  }
  return null;
}
