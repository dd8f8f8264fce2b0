/** In charge of reading where archives for a recovery to a point in time are kept, and for how long. */
import { join } from "node:path";
import { posternError } from "./error.ts";
import { readS3, type S3Config } from "./read-s3.ts";
import { choice, count, directory, type Environment } from "./read-variable.ts";

export interface PointInTimeConfig {
  /** False: nothing is archived, whatever single databases wish. */
  enabled: boolean;
  /** Where servers' archives are kept. */
  directory: string;
  /** Where they are kept instead; null: the directory. */
  s3: S3Config | null;
  /** How long, unless a database's own wish says otherwise, days. */
  retentionDays: number;
  /** How much of its log a server keeps for an archive that takes none, MiB; what is older is then given up. */
  queueMegabytes: number;
}

/** @throws Y0001 */
export const readPointInTime = (environment: Environment, home: string): PointInTimeConfig => ({
  enabled: choice(environment, "POSTERN_PITR", ["on", "off"]) === "on",
  directory: directory(environment, "POSTERN_PITR_DIR", join(home, "point-in-time")),
  s3: readArchiveStore(environment),
  retentionDays: count(environment, "POSTERN_PITR_DAYS", 7, 365),
  queueMegabytes: count(environment, "POSTERN_PITR_QUEUE", 1024, 1_000_000),
});

/** @throws Y0001 where archives would lie among backups: sweeping those would take theirs away. */
function readArchiveStore(environment: Environment): S3Config | null {
  const archives = readS3(environment, "POSTERN_PITR_STORE");
  if (archives === null) return null;
  if (archives.endpoint?.startsWith("http:")) {
    throw posternError("Y0001", `POSTERN_S3_ENDPOINT is "${archives.endpoint}", and archives need TLS.`, {
      hint: "Write https://…, with POSTERN_S3_CA_FILE where its certificate is your own.",
    });
  }
  const backups = readS3(environment);
  const isWithin = (place: string) => place === "" || `${archives.prefix}/`.startsWith(`${place}/`);
  if (backups?.bucket === archives.bucket && isWithin(backups.prefix)) {
    throw posternError("Y0001", "POSTERN_PITR_STORE lies inside POSTERN_BACKUP_STORE.", {
      hint: `Give each a prefix of its own: s3://${archives.bucket}/archives and s3://${archives.bucket}/backups.`,
    });
  }
  return archives;
}
