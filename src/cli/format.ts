/** In charge of writing times and sizes as people read them. */

/** `2026-04-12 14:22 UTC`. */
export const formatTime = (rfc3339: string): string =>
  `${new Date(rfc3339).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** `18 MB`, `1.2 GB`: powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `48ms`, `1.2s`. */
export const formatDuration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
