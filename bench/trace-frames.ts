/** In charge of what the frames of a page cost its main thread: read from the browser's own trace, as processor time and not as time that passes. */
import type { CDPSession, Page } from "playwright-core";
import { median, percentile } from "./statistics.ts";

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

export interface FrameCosts {
  main_thread_p50: number;
  main_thread_p95: number;
  main_thread_max: number;
}

const categories = "toplevel,devtools.timeline,disabled-by-default-devtools.timeline,__metadata";

/** Runs `work` under the browser's trace, and tells what each frame that it drew took. */
export async function traceFrames<Result>(
  page: Page,
  work: () => Promise<Result>,
): Promise<[Result, FrameCosts]> {
  const client = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await client.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: categories.split(","), recordMode: "recordAsMuchAsPossible" },
  });
  const result = await work();
  await endTrace(client);
  await client.detach();
  return [result, costsOf(events)];
}

async function endTrace(client: CDPSession): Promise<void> {
  const complete = new Promise<void>((resolve) => client.once("Tracing.tracingComplete", () => resolve()));
  await client.send("Tracing.end");
  await complete;
}

/** Everything from one frame's animation callbacks up to the next one's: scripts, style, layout, painting, and what arrives between. */
function costsOf(events: readonly TraceEvent[]): FrameCosts {
  const frames = events.filter(({ name }) => name === "FireAnimationFrame");
  const thread = busiestThread(frames);
  const isHere = (event: TraceEvent) => `${event.pid}.${event.tid}` === thread;
  const starts = frames
    .filter(isHere)
    .map(({ ts }) => ts)
    .toSorted((a, b) => a - b);
  const name = taskName(events);
  const tasks = events
    .filter((event) => event.ph === "X" && event.name === name && isHere(event))
    .toSorted((a, b) => a.ts - b.ts);
  const costs: number[] = [];
  let next = 0;
  for (const task of tasks) {
    const before = next;
    while (next < starts.length && starts[next]! < task.ts + (task.dur ?? 0)) next += 1;
    if (next > before) costs.push(0);
    if (costs.length > 0) costs[costs.length - 1]! += (task.tdur ?? task.dur ?? 0) / 1_000;
  }
  const settled = costs.slice(10);
  const rounded = (value: number) => Math.round(value * 10) / 10;
  return {
    main_thread_p50: rounded(median(settled)),
    main_thread_p95: rounded(percentile(settled, 0.95)),
    main_thread_max: rounded(Math.max(...settled)),
  };
}

/** What Chromium calls one task of a thread differs by version. */
const taskName = (events: readonly TraceEvent[]): string =>
  ["RunTask", "ThreadControllerImpl::RunTask"].find((name) => events.some((event) => event.name === name)) ??
  "FireAnimationFrame";

function busiestThread(frames: readonly TraceEvent[]): string {
  const counts = new Map<string, number>();
  for (const { pid, tid } of frames) counts.set(`${pid}.${tid}`, (counts.get(`${pid}.${tid}`) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}
