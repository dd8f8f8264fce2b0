/** In charge of who flies next: which of the waiting requests take which of the free sessions, alone or in company. */
import type { CompanyWaits } from "./await-company.ts";
import type { Flight, Passenger } from "./flight.ts";
import type { Company, SharedRequest, Submission } from "./shared-request.ts";

interface Rules {
  /** What costs more flies alone: company would have to wait for it. */
  joinsBelowMs: number;
  mostFlightMs: number;
  /** So many flights of a kind are in the air at a time; another starts only beside such that have been out for longer. */
  flights: number;
  longFlightMs: number;
}

/**
 * Most of what an insert or a change takes is the commit, which a flight needs but once. Changes hold locks until then, and two
 * flights of them may wait for one another.
 */
const rules: Record<Exclude<Company, "nobody">, Rules> = {
  reads: { joinsBelowMs: 5, mostFlightMs: 10, flights: 2, longFlightMs: 1 },
  inserts: { joinsBelowMs: 10, mostFlightMs: 100, flights: 1, longFlightMs: 5 },
  changes: { joinsBelowMs: 10, mostFlightMs: 50, flights: 1, longFlightMs: 5 },
};
export const mostPassengers = 32;

export interface FlightPlan {
  /** One free session each. */
  flights: Submission[][];
  waiting: Submission[];
  /** Sessions that those who wait could use besides. */
  wantedSessions: number;
  /** Somebody waits for company, for `mostWaitMs` at the most. */
  awaitsCompany: boolean;
}

/** The oldest first. Quick ones of a kind gather; everything else takes a session for itself. */
export function planFlights(
  waiting: readonly Submission[],
  idleSessions: number,
  inTheAir: readonly Flight[],
  now: number,
  waits?: CompanyWaits,
): FlightPlan {
  const flying = { reads: 0, inserts: 0, changes: 0 };
  for (const flight of inTheAir) {
    const { company } = flight.passengers[0]!.submission.request;
    if (company !== "nobody" && now - flight.sentAt < rules[company].longFlightMs) flying[company]++;
  }
  const plan: FlightPlan = { flights: [], waiting: [], wantedSessions: 0, awaitsCompany: false };
  const flown = new Set<Submission>();
  for (const { company, submissions } of gather(waiting, now)) {
    // They come with one of the next flights, which are on their way.
    if (company !== "nobody" && flying[company] >= rules[company].flights) continue;
    if (waits?.of(company)?.goesOn(submissions.length, now)) {
      plan.awaitsCompany = true;
      continue;
    }
    if (plan.flights.length === idleSessions) {
      plan.wantedSessions++;
      if (company !== "nobody") flying[company]++;
      continue;
    }
    if (company !== "nobody") flying[company]++;
    plan.flights.push(submissions);
    for (const submission of submissions) flown.add(submission);
  }
  // In the order in which they came: who waits must not be overtaken for ever.
  plan.waiting = flown.size === 0 ? [...waiting] : waiting.filter((submission) => !flown.has(submission));
  return plan;
}

interface Group {
  company: Company;
  submissions: Submission[];
  costMs: number;
}

/** In the order of those who came first. */
function gather(waiting: readonly Submission[], now: number): Group[] {
  const groups: Group[] = [];
  const open: Partial<Record<Company, Group>> = {};
  for (const submission of waiting) {
    const { company } = submission.request;
    const costMs = submission.fliesAlone ? Number.POSITIVE_INFINITY : costOf(submission.request, now);
    if (company === "nobody" || costMs >= rules[company].joinsBelowMs) {
      groups.push({ company: "nobody", submissions: [submission], costMs });
      continue;
    }
    let group = open[company];
    if (!group || group.submissions.length === mostPassengers || group.costMs > rules[company].mostFlightMs) {
      group = { company, submissions: [], costMs: 0 };
      groups.push(group);
      open[company] = group;
    }
    group.submissions.push(submission);
    group.costMs += costMs;
  }
  return groups;
}

/** Milliseconds; infinite until it is known. */
function costOf({ statements }: SharedRequest, now: number): number {
  let sum = 0;
  for (const { entry } of statements) sum += entry.aloneUntil > now ? Number.POSITIVE_INFINITY : entry.costMs;
  return sum;
}

/**
 * What a statement takes, from flights that landed well. It falls at once and rises slowly: that an answer lay unread
 * while this process was busy says nothing about the statement.
 */
export function noteCost({ passengers, sentAt }: Flight, now: number): void {
  const each = (now - sentAt) / passengers.length;
  for (const { submission } of passengers) {
    for (const { entry } of submission.request.statements) {
      entry.costMs = each < entry.costMs ? each : entry.costMs + (each - entry.costMs) / 16;
    }
  }
}

const keepsAloneMs = 10_000;

/** What it takes depends on more than its text: for a while nobody has to wait for it again. */
export function keepAlone({ submission }: Passenger, now: number): void {
  for (const { entry } of submission.request.statements) entry.aloneUntil = now + keepsAloneMs;
}

const firstPartingMs = 100;

/**
 * Those who met locks stay apart: a moment at first, for the disk may have stood still and no lock been there, and twice as
 * long each time that it comes again.
 */
export function partCompany({ passengers }: Flight, now: number): void {
  const entries = new Set(
    passengers.flatMap(({ submission }) => submission.request.statements.map(({ entry }) => entry)),
  );
  for (const entry of entries) {
    const isAgain = now - entry.aloneUntil < keepsAloneMs;
    entry.partingMs = isAgain ? Math.min(entry.partingMs * 2, keepsAloneMs) : firstPartingMs;
    entry.aloneUntil = Math.max(entry.aloneUntil, now + entry.partingMs);
  }
}

/** Until it has flown alone again. */
export function forgetCost(passengers: Flight["passengers"]): void {
  for (const { submission } of passengers) {
    for (const { entry } of submission.request.statements) entry.costMs = Number.POSITIVE_INFINITY;
  }
}
