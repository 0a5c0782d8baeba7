const units = ["kB", "MB", "GB", "TB"] as const;

/** `512 bytes`, `1.2 MB`: thousands, as disks count. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  let value = bytes / 1_000;
  let unit = 0;
  for (; value >= 999.95 && unit < units.length - 1; unit += 1) value /= 1_000;
  return `${value.toFixed(1)} ${units[unit] ?? ""}`;
}
