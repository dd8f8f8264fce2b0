/** What is given up is heard of by nobody, and does not count any more. */
import { expect, test } from "vitest";
import type { WireConnection } from "../../../src/postgres/wire/wire-connection.ts";
import { SessionOpenings } from "../../../src/query/session-openings.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Openings that end when the test says so. */
function begin(openings: SessionOpenings) {
  const heard: unknown[] = [];
  let isClosed = false;
  const connection = { close: () => (isClosed = true) } as unknown as WireConnection;
  const end = {} as { resolve(connection: WireConnection): void; reject(error: Error): void };
  const opened = new Promise<WireConnection>((resolve, reject) => Object.assign(end, { resolve, reject }));
  let signal: AbortSignal | undefined;
  openings.begin({
    open(given) {
      signal = given;
      return opened;
    },
    onOpen: (one) => heard.push(one),
    onFailed: (error) => heard.push(error),
  });
  return { heard, connection, end, signal: signal!, isClosed: () => isClosed };
}

test("each counts until it is open or has failed", async () => {
  const openings = new SessionOpenings();
  const [one, two] = [begin(openings), begin(openings)];
  expect(openings.count).toBe(2);
  one.end.resolve(one.connection);
  await settled();
  expect([openings.count, one.heard]).toEqual([1, [one.connection]]);
  const error = new Error("not there");
  two.end.reject(error);
  await settled();
  expect([openings.count, two.heard]).toEqual([0, [error]]);
});

test("one that is given up is told so, and closed if it comes all the same; the next one is another", async () => {
  const openings = new SessionOpenings();
  const [one, two] = [begin(openings), begin(openings)];
  openings.giveUp();
  expect([openings.count, one.signal.aborted]).toEqual([0, true]);
  const later = begin(openings);
  expect([openings.count, later.signal.aborted]).toEqual([1, false]);
  one.end.resolve(one.connection);
  two.end.reject(new Error("aborted"));
  await settled();
  expect([openings.count, one.isClosed(), one.heard, two.heard]).toEqual([1, true, [], []]);
  later.end.resolve(later.connection);
  await settled();
  expect([openings.count, later.heard]).toEqual([0, [later.connection]]);
});
