/** In charge of `postern top`: what all databases are asked at this moment, again and again until q is pressed. */

import { emitKeypressEvents } from "node:readline";
import type { LiveDatabase, LiveView } from "@postern/sdk/protocol";
import { sleep } from "../../base/clock.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { formatSpan } from "../inspect/format-value.ts";
import type { Paint } from "../output.ts";
import { printable, renderGrid } from "../table.ts";

const everyMs = 2_000;

const orders = {
  r: { name: "statements", value: (row: LiveDatabase) => row.statements_per_s },
  l: { name: "latency", value: (row: LiveDatabase) => row.mean_ms },
  e: { name: "errors", value: (row: LiveDatabase) => row.errors_per_s },
  s: { name: "sessions", value: (row: LiveDatabase) => row.sessions },
  w: { name: "waiting", value: (row: LiveDatabase) => row.waiting },
} as const;
type Order = keyof typeof orders;

export const run: CommandRun = async (context) => {
  const { output } = context;
  const control = await context.account();
  const isLive = output.forPeople && process.stdout.isTTY === true && process.stdin.isTTY === true;
  if (!isLive) {
    const view = await control.getLive();
    await output.print(view, () => render(view, "r", output.paint, 40));
    return undefined;
  }
  const keys = listenToKeys();
  process.stdout.write("\x1b[?1049h\x1b[?25l");
  try {
    let view: LiveView | undefined;
    while (!keys.isOver) {
      // What stands still can be read, and sorted another way.
      if (!view || !keys.isPaused) view = await control.getLive();
      const page = render(view, keys.order, output.paint, (process.stdout.rows ?? 24) - 2);
      const state = keys.isPaused ? "paused, p goes on" : "p pause";
      const help = output.paint.dim(
        `q quit · ${state} · sort: r statements  l latency  e errors  s sessions  w waiting · by ${orders[keys.order].name}`,
      );
      process.stdout.write(
        `\x1b[H${[...page.split("\n"), "", help].map((line) => `${line}\x1b[K`).join("\n")}\x1b[J`,
      );
      await sleep(everyMs, keys.pressed()).catch(() => {});
    }
  } finally {
    process.stdout.write("\x1b[?25h\x1b[?1049l");
    keys.close();
  }
  return undefined;
};

function listenToKeys() {
  let order: Order = "r";
  let isOver = false;
  let isPaused = false;
  let wake = new AbortController();
  const onKey = (_text: string | undefined, key: { name?: string; ctrl?: boolean }) => {
    if (key.name === "q" || (key.ctrl && key.name === "c") || key.name === "escape") isOver = true;
    else if (key.name === "p" || key.name === "space") isPaused = !isPaused;
    else if (key.name !== undefined && Object.hasOwn(orders, key.name)) order = key.name as Order;
    wake.abort();
  };
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode(true);
  process.stdin.resume();
  process.stdin.on("keypress", onKey);
  return {
    get order() {
      return order;
    },
    get isPaused() {
      return isPaused;
    },
    get isOver() {
      return isOver;
    },
    /** Fires at the next key. */
    pressed() {
      wake = new AbortController();
      return wake.signal;
    },
    close() {
      process.stdin.off("keypress", onKey);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    },
  };
}

function render(
  { at, seconds, databases, slow }: LiveView,
  order: Order,
  paint: Paint,
  lines: number,
): string {
  const sorted = [...databases].sort((a, b) => orders[order].value(b) - orders[order].value(a));
  const sum = (value: (row: LiveDatabase) => number) =>
    databases.reduce((total, row) => total + value(row), 0);
  const head = `postern top  ${at.slice(11, 19)} UTC  ${plural(databases.length, "database")}  ${rate(sum((row) => row.statements_per_s))} statements/s over HTTP  ${sum((row) => row.sessions)} sessions  ${sum((row) => row.waiting)} waiting for locks  (last ${seconds} s)`;
  const shownSlow = slow.slice(0, 8);
  const room = Math.max(3, lines - 4 - (shownSlow.length > 0 ? shownSlow.length + 2 : 0));
  const grid = renderGrid({
    columns: [
      "database",
      "status",
      "statements/s",
      "mean",
      "longest",
      "waited",
      "errors/s",
      "slow",
      "sessions",
      "active",
      "waiting",
    ],
    rows: sorted
      .slice(0, room)
      .map((row) => [
        row.name,
        row.status,
        rate(row.statements_per_s),
        formatSpan(row.mean_ms),
        formatSpan(row.max_ms),
        formatSpan(row.wait_ms),
        rate(row.errors_per_s),
        row.slow,
        row.sessions,
        row.active,
        row.waiting,
      ]),
    rightAligned: [false, false, true, true, true, true, true, true, true, true, true],
  });
  const names = new Map(databases.map(({ id, name }) => [id, name]));
  const told = shownSlow.map(
    (one) =>
      `${one.at.slice(11, 19)}  ${formatSpan(one.duration_ms)}  ${names.get(one.database_id) ?? one.database_id}  ${printable(one.statement).slice(0, 100)}`,
  );
  return [head, "", grid, ...(told.length > 0 ? ["", paint.yellow("Slow statements"), ...told] : [])].join(
    "\n",
  );
}

const rate = (value: number): string =>
  value >= 10 ? String(Math.round(value)) : String(Number(value.toFixed(1)));
