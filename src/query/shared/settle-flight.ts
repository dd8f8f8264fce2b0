/** In charge of what becomes of those aboard a flight: who has an answer, who has failed, and who is asked again. */
import type { Flight, Passenger } from "./flight.ts";
import { mayBeOutdated } from "./may-be-outdated.ts";
import { endSubmission, type Submission } from "./shared-request.ts";

/** Takes those who are to fly once more. */
export type TakeAgain = (submission: Submission) => void;

/** Its answer has come, or the error that struck it. */
export function settlePassenger(
  { submission, index, isMuted }: Passenger,
  error: Error | undefined,
  takeAgain: TakeAgain,
): void {
  if (isMuted) return;
  if (error && mayBeOutdated(error, submission)) {
    submission.parsesAnew = true;
    takeAgain(submission);
  } else endSubmission(submission, error, index);
}

/** Nothing more will come. With an error, `flight.current` is whom it struck. */
export function settleLanded(flight: Flight, error: Error | undefined, takeAgain: TakeAgain): void {
  if (flight.changesSomething) settleCommitted(flight, error, takeAgain);
  else {
    if (flight.current) settlePassenger(flight.current, error, takeAgain);
    // Those behind it were skipped: they have not run at all.
    if (error) askAgain(flight, flight.position + 1, takeAgain);
  }
}

/** Or not committed: then nothing of it has taken effect, and whom it struck is seen when each flies alone. */
function settleCommitted(flight: Flight, error: Error | undefined, takeAgain: TakeAgain): void {
  const { passengers } = flight;
  if (error && passengers.length > 1) {
    for (const { submission } of passengers) submission.fliesAlone = true;
    askAgain(flight, 0, takeAgain);
  } else for (const passenger of passengers) settlePassenger(passenger, error, takeAgain);
}

/** The connection ended. Only what it was working on is lost; reads behind that are asked again. */
export function settleLost(flight: Flight, error: Error, takeAgain: TakeAgain): void {
  // Whether changes were committed before is not known.
  const lost = flight.changesSomething
    ? flight.passengers
    : flight.passengers.slice(flight.position, flight.position + 1);
  for (const { submission, isMuted, index } of lost) if (!isMuted) endSubmission(submission, error, index);
  if (!flight.changesSomething) askAgain(flight, flight.position + 1, takeAgain);
}

/** However often: each time the flight has lost one whom it carries no more. */
export function askAgain({ passengers }: Flight, from: number, takeAgain: TakeAgain): void {
  for (const { submission, isMuted } of passengers.slice(from)) if (!isMuted) takeAgain(submission);
}
