import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Flight } from "../../../src/query/shared/flight.ts";
import { partCompany, planFlights } from "../../../src/query/shared/plan-flights.ts";
import type { Submission } from "../../../src/query/shared/shared-request.ts";

/** `r` a quick read, `s` a slow one, `i` an insert, `c` a change, `w` another write. */
const submission = (kind: string): Submission => {
  const entry = { costMs: kind === "s" ? 50 : 0.1, aloneUntil: 0 };
  const company = { w: "nobody", i: "inserts", c: "changes" }[kind] ?? "reads";
  const request = { statements: [{ entry, params: [] }], company };
  return { kind, request } as unknown as Submission;
};
const kindOf = (one: Submission) => (one as unknown as { kind: string }).kind;
const queue = (kinds: string) => [...kinds].map(submission);
const flightOf = (kind: string, sentAt: number) =>
  ({ passengers: [{ submission: submission(kind) }], sentAt }) as unknown as Flight;

function plan(kinds: string, idle: number, inTheAir: Flight[] = []) {
  const { flights, waiting, wantedSessions } = planFlights(queue(kinds), idle, inTheAir, 100);
  const text = (list: readonly Submission[]) => list.map(kindOf).join("");
  return { flights: flights.map(text), waiting: text(waiting), wantedSessions };
}

describe("planFlights", () => {
  it.each<[kinds: string, idle: number, flights: string[], waiting: string, wanted: number]>([
    ["", 3, [], "", 0],
    ["r", 1, ["r"], "", 0],
    ["rrr", 3, ["rrr"], "", 0],
    ["rrr", 0, [], "rrr", 1],
    ["w", 0, [], "w", 1],
    ["ww", 3, ["w", "w"], "", 0],
    ["rwr", 2, ["rr", "w"], "", 0],
    ["rwr", 1, ["rr"], "w", 1],
    ["wr", 1, ["w"], "r", 1],
    ["rws", 2, ["r", "w"], "s", 1],
    ["ss", 1, ["s"], "s", 1],
    ["w".repeat(3), 0, [], "www", 3],
    ["irri", 2, ["ii", "rr"], "", 0],
    ["irri", 1, ["ii"], "rr", 1],
    ["crcic", 3, ["ccc", "r", "i"], "", 0],
  ])("%j with %i free sessions flies as %j and leaves %j", (kinds, idle, flights, waiting, wanted) => {
    expect(plan(kinds, idle)).toEqual({ flights, waiting, wantedSessions: wanted });
  });

  it("gives reads no third flight while two young ones are in the air", () => {
    const young = [flightOf("r", 99.5), flightOf("r", 99.9)];
    expect(plan("rrw", 3, young)).toEqual({ flights: ["w"], waiting: "rr", wantedSessions: 0 });
    expect(plan("rrw", 3, [flightOf("r", 90), flightOf("w", 99.9)]).flights).toEqual(["rr", "w"]);
  });

  it("loses nobody, flies nobody twice, keeps who waits in order, and never mixes writes with others", () => {
    const kinds = fc.array(fc.constantFrom("r", "r", "r", "i", "i", "c", "c", "s", "w"), { maxLength: 120 });
    fc.assert(
      fc.property(kinds, fc.nat(5), (all, idle) => {
        const waiting = all.map(submission);
        const found = planFlights(waiting, idle, [], 100);
        const flown = found.flights.flat();
        expect(found.flights.length).toBeLessThanOrEqual(idle);
        expect(new Set([...flown, ...found.waiting])).toEqual(new Set(waiting));
        expect(flown.length + found.waiting.length).toBe(waiting.length);
        expect(found.waiting).toEqual(waiting.filter((one) => !flown.includes(one)));
        for (const flight of found.flights) {
          if (flight.length > 1) {
            expect(new Set(flight.map(kindOf)).size).toBe(1);
            expect(["r", "i", "c"]).toContain(kindOf(flight[0]!));
          }
          expect(flight.length).toBeLessThanOrEqual(32);
        }
        if (idle > 0 && waiting.length > 0) expect(flown).toContain(waiting[0]);
      }),
    );
  });
});

it("keeps changes that met locks apart for longer each time that it comes again", () => {
  const entry = { costMs: 0.1, aloneUntil: Number.NEGATIVE_INFINITY, partingMs: 0 };
  const passenger = { submission: { request: { statements: [{ entry }, { entry }] } } };
  const flight = { passengers: [passenger, passenger] } as unknown as Flight;
  const parted = [1_000, 2_000, 3_000, 4_000, 60_000].map((now) => {
    partCompany(flight, now);
    return entry.aloneUntil - now;
  });
  expect(parted).toEqual([100, 200, 400, 800, 100]);
  for (let now = 60_000; now < 70_000; now += 1_000) partCompany(flight, now);
  expect(entry.partingMs).toBe(10_000);
});
