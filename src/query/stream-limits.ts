/** In charge of what a streamed answer may take instead of the limits of answers that are kept whole. */
export interface StreamLimits {
  /** Longest that a reader may take nothing at all, milliseconds. */
  stallMs: number;
  /** Longest run of a streamed statement from its first row to its last, milliseconds. */
  durationMs: number;
  /** The same for a client's. */
  clientDurationMs: number;
  /** Streams of one database, or of one role of its clients, at a time. */
  sessions: number;
}

const secondMs = 1_000;

export const streamLimits: StreamLimits = {
  stallMs: 30 * secondMs,
  durationMs: 600 * secondMs,
  clientDurationMs: 60 * secondMs,
  sessions: 2,
};
