/** In charge of the list of all looks at a database. */
import { bloatReport } from "./bloat-report.ts";
import { indexesReport } from "./index-report.ts";
import { blockingReport, locksReport } from "./lock-reports.ts";
import type { InspectReport } from "./report.ts";
import { activityReport, connectionsReport, longRunningReport } from "./session-reports.ts";
import { callsReport, slowReport } from "./statement-reports.ts";
import { cacheReport, seqScansReport, sizesReport, vacuumReport } from "./table-reports.ts";

export const inspectReports: readonly InspectReport[] = [
  activityReport,
  longRunningReport,
  connectionsReport,
  locksReport,
  blockingReport,
  slowReport,
  callsReport,
  indexesReport,
  seqScansReport,
  sizesReport,
  bloatReport,
  vacuumReport,
  cacheReport,
];

export const inspectReport = (name: string): InspectReport =>
  inspectReports.find((report) => report.name === name)!;
