import { expect, test } from "vitest";
import { ServerError } from "../../../src/postgres/wire/server-error.ts";
import type { Flight } from "../../../src/query/shared/flight.ts";
import { isLockTrouble, judgeFlight, type Verdict } from "../../../src/query/shared/judge-flight.ts";

function makeFlight(changesSomething: boolean, size: number, position = 0): Flight {
  const passengers = Array.from({ length: size }, () => ({ prepared: [{}] }));
  return { changesSomething, passengers, position, current: passengers[position] } as unknown as Flight;
}

/** What flies, for how many milliseconds nothing was heard of it, with one second for a statement. */
const cases: [string, Flight, number, Verdict][] = [
  ["one read that runs", makeFlight(false, 1), 1_900, "wait"],
  ["one read that runs for too long", makeFlight(false, 1), 2_001, "end"],
  ["reads that go on", makeFlight(false, 3), 49, "wait"],
  ["reads of which one waits", makeFlight(false, 3), 50, "part"],
  ["reads of which the last one runs", makeFlight(false, 3, 2), 1_900, "wait"],
  ["inserts on a slow disk", makeFlight(true, 3), 99, "wait"],
  ["inserts of which one waits", makeFlight(true, 3), 100, "cancel"],
  ["inserts of which the last one waits", makeFlight(true, 3, 2), 100, "cancel"],
  ["inserts that Postgres does not give up", makeFlight(true, 3), 2_001, "end"],
  ["one write that runs", makeFlight(true, 1), 1_900, "wait"],
  ["one write that runs for too long", makeFlight(true, 1), 2_001, "end"],
];

test.each(cases)("%s", (_what, flight, quietForMs, verdict) => {
  expect(judgeFlight(flight, quietForMs, 1_000)).toBe(verdict);
});

test("a transaction of several statements has the time of all of them", () => {
  const passengers = [{ prepared: [{}, {}, {}] }];
  const flight = {
    changesSomething: true,
    passengers,
    position: 0,
    current: passengers[0],
  } as unknown as Flight;

  expect(judgeFlight(flight, 3_900, 1_000)).toBe("wait");
  expect(judgeFlight(flight, 4_001, 1_000)).toBe("end");
});

test.each<[string, company: string, size: number, code: string, isTrouble: boolean]>([
  ["a deadlock among changes", "changes", 3, "40P01", true],
  ["changes that were canceled", "changes", 3, "57014", true],
  ["a change that breaks a rule", "changes", 3, "23505", false],
  ["a change that was alone", "changes", 1, "57014", false],
  ["inserts that were canceled", "inserts", 3, "57014", false],
])("%s: did they wait for locks", (_what, company, size, code, isTrouble) => {
  const passengers = Array.from({ length: size }, () => ({ submission: { request: { company } } }));
  const error = new ServerError({ severity: "ERROR", code, message: "no" });
  expect(isLockTrouble({ passengers } as unknown as Flight, error)).toBe(isTrouble);
});
