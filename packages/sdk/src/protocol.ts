/**
 * In charge of the shapes that travel between Postern's daemon and whoever calls it. JSON is snake_case; these
 * types are the wire format as it is, and nothing converts them on the caller's side.
 */

export type * from "./protocol-accounts.ts";
export type * from "./protocol-audit.ts";
export type * from "./protocol-backups.ts";
export type * from "./protocol-branches.ts";
export type * from "./protocol-browse.ts";
export type * from "./protocol-client-access.ts";
export type * from "./protocol-console.ts";
export type * from "./protocol-credentials.ts";
export type * from "./protocol-databases.ts";
export type * from "./protocol-error.ts";
export type * from "./protocol-gateways.ts";
export type * from "./protocol-insights.ts";
export type * from "./protocol-inspect.ts";
export type * from "./protocol-instances.ts";
export type * from "./protocol-machine.ts";
export type * from "./protocol-migrations.ts";
export type * from "./protocol-operations.ts";
export type * from "./protocol-pauses.ts";
export type * from "./protocol-projects.ts";
export type * from "./protocol-query.ts";
export type * from "./protocol-records.ts";
export type * from "./protocol-recovery.ts";
export type * from "./protocol-releases.ts";
export type * from "./protocol-status.ts";
