/** In charge of who flies next: which of the waiting requests take which of the free sessions, alone or in company. */
import type { Flight } from "./flight.ts";
import type { SharedRequest, Submission } from "./shared-request.ts";

/** Reads that cost more fly alone: company would have to wait for them. */
const joinsBelowMs = 2;
/** A flight of reads takes no more than these. */
const mostPassengers = 32;
const mostFlightMs = 8;
/** So many flights of reads are in the air at a time; another starts only beside such that have been out for longer. */
const readFlights = 2;
const longFlightMs = 1;

export interface FlightPlan {
  /** One free session each. */
  flights: Submission[][];
  waiting: Submission[];
  /** Sessions that those who wait could use besides. */
  wantedSessions: number;
}

/** The oldest first. Quick reads gather until a flight starts; everything else takes a session for itself. */
export function planFlights(
  waiting: readonly Submission[],
  idleSessions: number,
  inTheAir: readonly Flight[],
  now: number,
): FlightPlan {
  const plan: FlightPlan = { flights: [], waiting: [], wantedSessions: 0 };
  let flying = inTheAir.filter((flight) => isYoungReadFlight(flight, now)).length;
  let gathered: Submission[] = [];
  let gatheredMs = 0;
  const hasRoom = () => plan.flights.length < idleSessions;
  const start = () => {
    if (gathered.length > 0 && flying < readFlights && hasRoom()) {
      plan.flights.push(gathered);
      flying++;
    } else if (gathered.length > 0 && flying < readFlights) plan.wantedSessions++;
    gathered = [];
    gatheredMs = 0;
  };
  for (const submission of waiting) {
    const costMs = costOf(submission.request);
    if (costMs < joinsBelowMs) {
      gathered.push(submission);
      gatheredMs += costMs;
      if (gathered.length === mostPassengers || gatheredMs > mostFlightMs) start();
      continue;
    }
    // Reads that came before have the first claim.
    const claimed = gathered.length > 0 && flying < readFlights ? 1 : 0;
    if (plan.flights.length + claimed < idleSessions) plan.flights.push([submission]);
    else plan.wantedSessions++;
  }
  start();
  // In the order in which they came: who waits must not be overtaken for ever.
  const flown = new Set(plan.flights.flat());
  plan.waiting = waiting.filter((submission) => !flown.has(submission));
  return plan;
}

/** Milliseconds; infinite for what must fly alone. */
function costOf({ isRead, statements }: SharedRequest): number {
  if (!isRead) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const { entry } of statements) sum += entry.costMs;
  return sum;
}

const isYoungReadFlight = ({ passengers, sentAt }: Flight, now: number): boolean =>
  passengers[0]!.submission.request.isRead && now - sentAt < longFlightMs;

/**
 * What a statement takes, from flights that landed well. It falls at once and rises slowly: that an answer lay unread
 * while this process was busy says nothing about the statement.
 */
export function noteCost({ passengers, position, sentAt }: Flight, now: number): void {
  if (position < passengers.length) return;
  const each = (now - sentAt) / passengers.length;
  for (const { submission } of passengers) {
    for (const { entry } of submission.request.statements) {
      entry.costMs = each < entry.costMs ? each : entry.costMs + (each - entry.costMs) / 16;
    }
  }
}
