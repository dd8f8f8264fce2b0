/** In charge of lines that are as high as a word: how something went, without its numbers. */
import { areaPath, linePath } from "./scale.ts";

const width = 96;
const height = 22;

export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const max = Math.max(0, ...values.map((value) => value ?? 0));
  if (max === 0) return <span class="muted">–</span>;
  const x = (at: number) => 1 + (at / Math.max(1, values.length - 1)) * (width - 2);
  const y = (value: number) => height - 1.5 - (value / max) * (height - 3);
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path class="sparkline-area" d={areaPath(values, x, y)} />
      <path class="sparkline-line" d={linePath(values, x, y)} />
    </svg>
  );
}
