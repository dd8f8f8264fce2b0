/** In charge of printing the figures of SQL over HTTP. */
import type { HttpFigures } from "./http.ts";

export function tellHttpFigures(figures: HttpFigures, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(figures));
    return;
  }
  const {
    workload,
    connections,
    server_cpu_us: cpu,
    ratio_to_naive: ratio,
    p99_ratio_to_naive: ratioOfP99,
  } = figures;
  const cells = [
    `${workload}, ${connections} connection${connections === 1 ? "" : "s"}`.padEnd(32),
    figures.subject.padEnd(13),
    `${figures.requests_per_s}/s`.padStart(9),
    `p50 ${figures.p50_ms.toFixed(2)} ms`.padStart(15),
    `p99 ${figures.p99_ms.toFixed(2)} ms`.padStart(15),
    (cpu === null ? "" : `cpu ${cpu} us`).padStart(13),
    (ratio === null ? "" : `${ratio.toFixed(2)}x`).padStart(8),
    (ratioOfP99 === null ? "" : `p99 ${ratioOfP99.toFixed(2)}x`).padStart(12),
  ];
  console.log(cells.join(""));
}
