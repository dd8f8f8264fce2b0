/** In charge of what says that Postern's own tables are elsewhere, shared by several control planes. */
import { hostname } from "node:os";
import { posternError } from "./error.ts";
import { type Environment, optionalFile } from "./read-variable.ts";

export interface SharedStateConfig {
  /** Of the database, with a password: never shown. */
  url: string;
  /** Certificates of authorities. */
  caFile: string | null;
  /** What people call this control plane. */
  name: string;
  /** Is the folder of backups one that all control planes reach? Whoever names one says so. */
  sharesBackups: boolean;
}

/** Null: the tables are in a server of the home. @throws Y0001 */
export function readSharedState(environment: Environment): SharedStateConfig | null {
  const url = environment.POSTERN_STATE_URL?.trim();
  if (!url) return null;
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw posternError("Y0001", "POSTERN_STATE_URL is not the address of a Postgres database.", {
      hint: "For example: postgres://postern:secret@db.example.com:5432/postern?sslmode=verify-full",
    });
  }
  return {
    url,
    caFile: optionalFile(environment, "POSTERN_STATE_CA_FILE"),
    name: controlName(environment.POSTERN_CONTROL_NAME || hostname().split(".")[0]!.toLowerCase()),
    sharesBackups: Boolean(environment.POSTERN_BACKUP_DIR),
  };
}

function controlName(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text)) return text;
  throw posternError(
    "Y0001",
    `POSTERN_CONTROL_NAME is "${text}", which cannot be the name of a control plane.`,
    {
      hint: "Use 1 to 63 characters: a-z, 0-9, _ and -.",
    },
  );
}
