/** In charge of how many sessions structured queries have of each kind, and how long one waits for them. */

const secondMs = 1_000;

export const patience = {
  /** Of the owner, and of each role of clients; most of the database's connections are for its application. */
  size: 4,
  queueLength: 200,
  queueTimeoutMs: 8 * secondMs,
  idleTimeoutMs: 60 * secondMs,
  maxLifetimeMs: 10 * 60 * secondMs,
};
