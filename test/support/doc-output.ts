/**
 * What differs from run to run, as one word on both sides, so that a page can show output as a reader will see it. In
 * what the page shows, `…` stands for the rest of a line, and alone on a line for any number of lines.
 */
const differing: readonly (readonly [RegExp, string])[] = [
  [/claudemesh:\/\/\S+/g, "LINK"],
  [/\b(wss?|https?):\/\/127\.0\.0\.1:\d+/g, "$1://127.0.0.1:PORT"],
  [/\b(wss?|https?):\/\/(?!127\.)(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d+/g, "$1://HOST:PORT"],
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, "TIME"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "UUID"],
  [/\b[0-9a-f]{64}\b/g, "MEMBER_ID"],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, "INVITE_ID"],
  [/\bpid \d+/g, "pid N"],
  [/\bport \d+/g, "port N"],
  [/\b\d+ MB\b/g, "N MB"],
  [/\b(Node|SQLite) v?\d+\.\d+\.\d+/g, "$1 VERSION"],
  [/\blinux-(x64|arm64)\b|\bdarwin-(x64|arm64)\b/g, "PLATFORM"],
];

/** Whether `actual` is what the page shows; null when it is, else both in the form in which they were compared. */
export function differenceOf(
  shown: string,
  actual: string,
): { readonly shown: string; readonly actual: string } | null {
  const [left, right] = [comparable(shown), comparable(actual)];
  const pattern = left
    .split("\n")
    .map((line, index, lines) =>
      line === "…" ? "(?:.*\n)*?" : `${line.split("…").map(escaped).join(".*")}${index < lines.length - 1 ? "\n" : ""}`,
    )
    .join("");
  return new RegExp(`^${pattern}$`).test(right) ? null : { shown: left, actual: right };
}

function comparable(text: string): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return differing.reduce((known, [found, word]) => known.replace(found, word), `${lines.join("\n").trim()}\n`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
