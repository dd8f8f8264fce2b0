/** In charge of what the metrics say of the present: databases, operations, backups, sessions, requests under way. */

import { type BackupSurvey, surveyBackups } from "../backups/survey-backups.ts";
import { readDiskSpace } from "../base/disk-space.ts";
import type { Platform } from "../instances/platform.ts";
import { listRegistered } from "../state/registered-instances.ts";
import { readStatistics, type Statistics } from "../state/statistics.ts";
import type { MetricsSource, Sample } from "./metrics.ts";

export interface MetricsFacts {
  /** Sessions of the pooler, by state; undefined when it does not say. */
  countSessions(): Promise<Record<string, number> | undefined>;
  /** Requests under way. */
  underWay(): number;
}

const seconds = (time: Date | null): number => (time === null ? Number.NaN : time.getTime() / 1000);
const byLabel = (label: string, counts: Record<string, number>): Sample[] =>
  Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));

export function metricsSource(platform: Platform, facts: MetricsFacts): MetricsSource {
  return {
    async read() {
      const disk = await readDiskSpace(platform.config.home, platform.config.diskReserveBytes);
      const [found, sessions, survey, registered] = await Promise.all([
        readStatistics(platform.state),
        facts.countSessions(),
        surveyBackups(platform),
        listRegistered(platform.state),
      ]);
      const services = platform.supervisor
        .list()
        .map(({ name, status }) => ({ name, up: status === "running" }));
      const newest = found.databases.reduce<Date | null>(
        (last, { last_backup_at: at }) => (at !== null && (last === null || at > last) ? at : last),
        null,
      );
      const { certificate } = platform;
      return [
        one("postern_http_requests_in_flight", "Requests under way.", facts.underWay()),
        many("postern_databases", "Databases by status.", byLabel("status", found.databasesByStatus)),
        many("postern_operations", "Operations by status.", byLabel("status", found.operationsByStatus)),
        one(
          "postern_backup_last_success_timestamp_seconds",
          "When the newest backup was made.",
          seconds(newest),
        ),
        countBackedUp(survey),
        many("postern_services", "Servers by whether they run.", byLabel("state", countServices(services))),
        one("postern_disk_free_bytes", "Free space of the home's disk.", disk.freeBytes),
        one("postern_disk_reserve_bytes", "Below this much nothing new begins.", disk.reserveBytes),
        ...(registered.length === 0
          ? []
          : [
              many(
                "postern_registered_instance_up",
                "Registered instances: 1 where they take reads and writes.",
                registered.map(({ name, health }) => ({
                  labels: { instance: name },
                  value: health === "healthy" || health === "degraded" ? 1 : 0,
                })),
              ),
            ]),
        ...(sessions
          ? [many("postern_pool_sessions", "Sessions of the pooler.", byLabel("state", sessions))]
          : []),
        ...(certificate
          ? [
              one(
                "postern_certificate_expiry_timestamp_seconds",
                "When the certificate expires.",
                seconds(certificate.current.expiresAt),
              ),
            ]
          : []),
        ...aboutEach(found.databases, survey),
      ];
    },
  };
}

const aboutEach = (databases: Statistics["databases"], { overdue }: BackupSurvey) => [
  perDatabase("postern_database_size_bytes", "Size as last measured.", databases, ({ size_bytes }) =>
    size_bytes === null ? Number.NaN : Number(size_bytes),
  ),
  perDatabase(
    "postern_database_backup_overdue_since_timestamp_seconds",
    "Since when a scheduled backup is missing, where one is.",
    overdue,
    ({ since }) => seconds(since),
  ),
  perDatabase(
    "postern_database_last_backup_timestamp_seconds",
    "When its newest backup was made.",
    databases,
    ({ last_backup_at }) => seconds(last_backup_at),
  ),
];

const countServices = (services: { up: boolean }[]) => ({
  running: services.filter(({ up }) => up).length,
  troubled: services.filter(({ up }) => !up).length,
});

const one = (name: string, help: string, value: number) => ({ name, help, samples: [{ value }] });
const many = (name: string, help: string, samples: Sample[]) => ({ name, help, samples });

const countBackedUp = ({ scheduled, overdue, failing, unverified }: BackupSurvey) =>
  many(
    "postern_backup_databases",
    "Databases with a schedule of backups, and what is wrong with those of some.",
    byLabel("state", {
      scheduled,
      overdue: overdue.length,
      failing: failing.length,
      unverified: unverified.length,
    }),
  );

/** A database of which it is not known has no sample. */
function perDatabase<Row extends { id: string }>(
  name: string,
  help: string,
  rows: readonly Row[],
  read: (row: Row) => number,
) {
  const samples = rows.map((row) => ({ labels: { database: row.id }, value: read(row) }));
  return { name, help, samples: samples.filter(({ value }) => !Number.isNaN(value)), perDatabase: true };
}
