/**
 * In charge of lines over time: drawn as large as there is room, read by pointer and by keys, a stretch of it taken by dragging,
 * and the same figures as a table for whoever wants those.
 */
import { type Signal, useSignal } from "@preact/signals";
import type { HTMLAttributes } from "preact";
import { useRef, useState } from "preact/hooks";
import { moment } from "../app/format.ts";
import { areaPath, linePath, ticksUpTo, tickText, timeTicks } from "./scale.ts";
import { useWidth } from "./use-width.ts";

export interface Series {
  name: string;
  values: readonly (number | null)[];
}

export interface LineChartProps {
  label: string;
  /** When each point begins. */
  times: readonly number[];
  stepMs: number;
  series: readonly Series[];
  format: (value: number) => string;
  /** Values are sizes: round ones are powers of 1024. */
  bytes?: boolean;
  /** Highest value that the axis shows at least. */
  atLeast?: number;
  /** The point that is looked at, shared with others of the same times. */
  pointed: Signal<number | null>;
  onZoom: (from: number, to: number) => void;
}

const height = 190;
const edge = { top: 10, right: 8, bottom: 22, left: 58 };

interface Drawing {
  width: number;
  ticks: number[];
  x: (at: number) => number;
  y: (value: number) => number;
  /** The point at a place of the page. */
  at: (clientX: number) => number;
}

export function LineChart(props: LineChartProps) {
  const { label, times, series, format, bytes = false, atLeast = 0, pointed } = props;
  const [frame, width] = useWidth();
  const brush = useSignal<[number, number] | null>(null);
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const ticks = ticksUpTo(Math.max(atLeast, ...known), { bytes });
  const inner = Math.max(10, width - edge.left - edge.right);
  const last = Math.max(1, times.length - 1);
  const drawing: Drawing = {
    width,
    ticks,
    x: (at) => edge.left + (at / last) * inner,
    y: (value) => edge.top + (1 - value / ticks.at(-1)!) * (height - edge.top - edge.bottom),
    at: (clientX) => {
      const left = frame.current!.getBoundingClientRect().left;
      const at = Math.round(((clientX - left - edge.left) / inner) * last);
      return Math.min(times.length - 1, Math.max(0, at));
    },
  };
  const at = pointed.value !== null && pointed.value < times.length ? pointed.value : null;
  return (
    <figure class="chart">
      <Legend series={series} format={format} at={at} times={times} />
      <div
        ref={frame}
        class="chart-frame"
        role="application"
        aria-roledescription="chart"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is read by keys
        tabIndex={0}
        aria-label={`${label}. Arrow keys go from point to point; the table below has all of them.`}
        {...useReading(props, drawing, brush)}
      >
        <svg class="chart-drawing" width={width} height={height} aria-hidden="true">
          <Axes {...props} drawing={drawing} />
          {series.map(({ name, values }, index) => (
            <g key={name} class={`series-${index}`}>
              {index === 0 && <path class="chart-area" d={areaPath(values, drawing.x, drawing.y)} />}
              <path class="chart-line" d={linePath(values, drawing.x, drawing.y)} />
            </g>
          ))}
          {brush.value && <Brush of={brush.value} drawing={drawing} />}
          {at !== null && <Cross at={at} series={series} drawing={drawing} />}
        </svg>
        {known.length === 0 && <p class="chart-empty muted">Nothing was measured in this time.</p>}
        <span class="hidden-text" aria-live="polite">
          {at !== null && document.activeElement === frame.current && readPoint(props, at)}
        </span>
      </div>
      <TableTwin {...props} />
    </figure>
  );
}

const readPoint = ({ times, series, format }: LineChartProps, at: number): string =>
  `${moment(new Date(times[at]!))}: ${series
    .map(({ name, values }) => `${name} ${values[at] == null ? "not measured" : format(values[at])}`)
    .join(", ")}`;

/** What the pointer and the keys do. */
function useReading(
  { times, stepMs, pointed, onZoom }: LineChartProps,
  { at }: Drawing,
  brush: Signal<[number, number] | null>,
): HTMLAttributes<HTMLDivElement> {
  const start = useRef<number | null>(null);
  const move = (by: number) => {
    pointed.value = Math.min(times.length - 1, Math.max(0, (pointed.peek() ?? times.length - 1) + by));
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Home: () => move(-times.length),
    End: () => move(times.length),
    Escape: () => {
      pointed.value = null;
    },
  };
  const finish = () => {
    const [from, to] = brush.peek() ?? [0, 0];
    start.current = null;
    brush.value = null;
    if (to - from >= 2) onZoom(times[from]!, times[to]! + stepMs);
  };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = at(event.clientX);
    },
    onPointerMove: (event) => {
      const here = at(event.clientX);
      pointed.value = here;
      if (start.current !== null)
        brush.value = [Math.min(start.current, here), Math.max(start.current, here)];
    },
    onPointerUp: finish,
    onPointerCancel: finish,
    onPointerLeave: () => {
      if (start.current === null) pointed.value = null;
    },
    onKeyDown: (event) => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    },
    onBlur: () => {
      pointed.value = null;
    },
  };
}

function Axes({
  times,
  stepMs,
  format,
  drawing: { width, ticks, x, y },
}: LineChartProps & { drawing: Drawing }) {
  const from = times[0] ?? 0;
  const to = times.at(-1) ?? 0;
  const places = timeTicks(from, to, Math.max(2, Math.floor((width - edge.left) / 90)));
  return (
    <g class="chart-axes">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={edge.left} x2={width - edge.right} y1={y(tick)} y2={y(tick)} />
          <text x={edge.left - 8} y={y(tick) + 4} text-anchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      {places.map((tick) => (
        <text
          key={tick}
          x={Math.min(width - 2, x((tick - from) / stepMs))}
          y={height - 5}
          text-anchor={x((tick - from) / stepMs) > width - 22 ? "end" : "middle"}
        >
          {tickText(tick, to - from)}
        </text>
      ))}
    </g>
  );
}

const Brush = ({ of: [from, to], drawing: { x } }: { of: [number, number]; drawing: Drawing }) => (
  <rect
    class="chart-brush"
    x={x(from)}
    width={x(to) - x(from)}
    y={edge.top}
    height={height - edge.top - edge.bottom}
  />
);

function Cross({
  at,
  series,
  drawing: { x, y },
}: {
  at: number;
  series: readonly Series[];
  drawing: Drawing;
}) {
  return (
    <g class="chart-cross">
      <line x1={x(at)} x2={x(at)} y1={edge.top} y2={height - edge.bottom} />
      {series.map(({ name, values }, index) => {
        const value = values[at];
        return value == null ? null : (
          <circle key={name} class={`series-${index}`} cx={x(at)} cy={y(value)} r={3.5} />
        );
      })}
    </g>
  );
}

/** Names of the lines, with what they are at the point that is looked at, else now. */
function Legend({
  series,
  format,
  at,
  times,
}: Pick<LineChartProps, "series" | "format" | "times"> & { at: number | null }) {
  return (
    <figcaption class="chart-legend">
      {series.map(({ name, values }, index) => {
        const value = at === null ? lastOf(values) : values[at];
        return (
          <span key={name} class={`chart-key series-${index}`}>
            {name} <strong>{value == null ? "–" : format(value)}</strong>
          </span>
        );
      })}
      <span class="chart-at muted">{at === null ? "now" : moment(new Date(times[at]!))}</span>
    </figcaption>
  );
}

const lastOf = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null;

function TableTwin({ label, times, series, format }: LineChartProps) {
  const [open, setOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <section class="chart-table-frame" tabIndex={0} aria-label={`${label}, as a table`}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" class="align-end">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((time, at) => (
                  <tr key={time}>
                    <th scope="row">{moment(new Date(time))}</th>
                    {series.map(({ name, values }) => (
                      <td key={name} class="align-end">
                        {values[at] == null ? "–" : format(values[at])}
                      </td>
                    ))}
                  </tr>
                ))
                .toReversed()}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
