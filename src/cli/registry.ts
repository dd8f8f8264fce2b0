/** In charge of the list of all commands, in the order in which help and documentation show them. */
import type { CommandSpec } from "./command-spec.ts";
import { accountSpecs } from "./specs/account-specs.ts";

import { auditSpecs } from "./specs/audit-specs.ts";
import { backupSpecs } from "./specs/backup-specs.ts";
import { branchSpecs } from "./specs/branch-specs.ts";
import { clientAccessSpecs } from "./specs/client-access-specs.ts";
import { configSpecs } from "./specs/config-specs.ts";
import { consoleSpecs } from "./specs/console-specs.ts";
import { daemonSpecs } from "./specs/daemon-specs.ts";
import { databaseSpecs } from "./specs/database-specs.ts";
import { developmentSpecs } from "./specs/development-specs.ts";
import { environmentSpecs } from "./specs/environment-specs.ts";
import { gatewaySpecs } from "./specs/gateway-specs.ts";
import { guestSpecs } from "./specs/guest-specs.ts";
import { helpSpecs } from "./specs/help-specs.ts";
import { insightSpecs } from "./specs/insight-specs.ts";
import { instanceSpecs } from "./specs/instance-specs.ts";
import { manifestSpecs } from "./specs/manifest-specs.ts";
import { migrationSpecs } from "./specs/migration-specs.ts";
import { pauseSpecs } from "./specs/pause-specs.ts";
import { projectSpecs } from "./specs/project-specs.ts";
import { recoverySpecs } from "./specs/recovery-specs.ts";
import { releaseSpecs } from "./specs/release-specs.ts";
import { rowSecuritySpecs } from "./specs/row-security-specs.ts";
import { schemaSpecs } from "./specs/schema-specs.ts";
import { sqlSpecs } from "./specs/sql-specs.ts";
import { stateSpecs } from "./specs/state-specs.ts";
import { tenantSpecs } from "./specs/tenant-specs.ts";
import { transferSpecs } from "./specs/transfer-specs.ts";
import { upgradeSpecs } from "./specs/upgrade-specs.ts";

export const registry: readonly CommandSpec[] = [
  ...daemonSpecs,
  ...consoleSpecs,
  ...accountSpecs,
  ...configSpecs,
  ...projectSpecs,
  ...manifestSpecs,
  ...releaseSpecs,
  ...environmentSpecs,
  ...databaseSpecs,
  ...sqlSpecs,
  ...migrationSpecs,
  ...schemaSpecs,
  ...tenantSpecs,
  ...upgradeSpecs,
  ...transferSpecs,
  ...pauseSpecs,
  ...clientAccessSpecs,
  ...rowSecuritySpecs,
  ...insightSpecs,
  ...stateSpecs,
  ...backupSpecs,
  ...auditSpecs,
  ...instanceSpecs,
  ...gatewaySpecs,
  ...branchSpecs,
  ...recoverySpecs,
  ...guestSpecs,
  ...developmentSpecs,
  ...helpSpecs,
];

export const groupSummaries: Record<string, string> = {
  config: "settings of the command line",
  project: "applications: what environments and their databases belong to",
  manifest: "postern.yaml: what a project needs",
  release: "what was deployed to an environment",
  service: "programs that run in an environment",
  env: "environments of a project: staging, production",
  db: "databases",
  "db backup": "backups of a database",
  "db branch": "copies of a database to try things on",
  "db snapshot": "the same as `db backup`; alone, it makes one",
  "db token": "tokens that open a database over HTTP",
  "db pitr": "recovery to a point in time",
  "db client-access": "an application's users, with tokens of their own",
  "db migrations": "what is applied; alone, it lists it",
  "db rls": "row security; alone, it shows it",
  "db inspect": "what runs, what is large, what is in the way; alone, all of it",
  state: "which rows were changed, by whom, from what to what",
  audit: "who changed what",
  admin: "for administrators of this Postern",
  "admin instance": "Postgres servers that somebody else runs, and that databases are placed on",
  "admin control": "daemons that share one set of tables",
  "admin gateway": "processes on other hosts that answer SQL over HTTP and take connections",
  "admin gateway token": "what lets them in",
  "admin image": "what databases in machines of their own run",
  ops: "long work: what runs and what ran",
  "dev-issuer": "an issuer of users' tokens, for development",
};
