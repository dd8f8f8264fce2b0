/** In charge of what is noted of one request of the data plane while it runs: when it was sent, and what came back. */

/** One statement's answer, as far as it is noted. */
export interface TracedResult {
  readonly rowCount: number;
  /** By `performance.now()`; 0: it has not come. */
  readonly completedAt: number;
}

export class RequestTrace {
  readonly databaseId: string;
  readonly role: TraceRole;
  readonly requestId: string;
  readonly startedAt = performance.now();
  /** When it left for Postgres the last time; 0: it has not. */
  sentAt = 0;
  results: readonly TracedResult[] | undefined;

  constructor(databaseId: string, role: TraceRole, requestId: string) {
    this.databaseId = databaseId;
    this.role = role;
    this.requestId = requestId;
  }

  sent(): void {
    this.sentAt = performance.now();
  }
}

/** As whom the statements ran. */
export type TraceRole = "owner" | "reader" | "authenticated" | "anon";
