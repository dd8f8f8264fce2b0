/** In charge of the shapes of who changed what. */

export interface AuditEntry {
  id: string;
  at: string;
  request_id: string;
  actor: {
    kind: "account" | "database" | "nobody";
    /** Of the account, or of the database whose token was shown. */
    id: string | null;
    /** The username, as it was then. */
    name: string | null;
    /** Of the API key that was used. */
    key_id: string | null;
  };
  /** As the API's description names it: `createDatabase`. */
  action: string;
  /** What was named, by name or id; parts between slashes. */
  target: string | null;
  outcome: "done" | "refused" | "failed";
  /** Of HTTP. */
  status: number;
  /** Of the error. */
  code: string | null;
}

export interface AuditQuery {
  /** Username or id. */
  actor?: string | undefined;
  action?: string | undefined;
  /** What was named, or a part of it. */
  target?: string | undefined;
  /** ISO 8601. */
  since?: string | undefined;
  outcome?: AuditEntry["outcome"] | undefined;
  /** Id of an entry: only older ones than that. */
  before?: string | undefined;
  limit?: number | undefined;
}
