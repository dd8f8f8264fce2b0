/** In charge of what a service class means. */
import type { DatabaseClass, Isolation } from "@postern/sdk/protocol";

export interface Tier {
  isolation: Isolation;
  /** Sessions that the owner role may hold on the server at once. */
  connectionLimit: number;
  /** Soft limit: Postern warns beyond it. Null: none. */
  storageLimitBytes: number | null;
}

export const tiers: Record<DatabaseClass, Tier> = {
  "db.p1": { isolation: "shared", connectionLimit: 40, storageLimitBytes: 1024 ** 3 },
  "db.p2": { isolation: "process", connectionLimit: 90, storageLimitBytes: null },
  "db.p3": { isolation: "process", connectionLimit: 190, storageLimitBytes: null },
};
