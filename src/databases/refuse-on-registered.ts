/** In charge of saying what cannot be done with a database on a server that somebody else runs. */
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";

const reasons = {
  pause: [
    "does not sleep",
    "Its server is none of Postern's: it cannot be stopped and started here.",
    "It costs nothing here while it is not used; what it costs there, the server's administrator knows.",
  ],
  "point in time": [
    "cannot be restored to a point in time by Postern",
    "The log of its server is none of Postern's to archive.",
    "Backups work as everywhere (`postern db backup create`); the server's administrator may have more.",
  ],
  upgrade: [
    "cannot be upgraded by Postern",
    "Its server is somebody else's.",
    "The server's administrator upgrades it. A backup can be restored into a new database of a newer version.",
  ],
  move: [
    "stays on its instance",
    "Databases do not move between Postern's own servers and registered ones.",
    "Make a backup and restore it into a new database, or use `postern db export` and `postern db import`.",
  ],
} as const;

/** @throws Y8023 */
export function refuseOnRegistered(
  row: Pick<DatabaseRow, "name" | "isolation">,
  what: keyof typeof reasons,
): void {
  if (row.isolation !== "external") return;
  const [cannot, detail, hint] = reasons[what];
  throw posternError("Y8023", `Database ${row.name} is on a registered instance and ${cannot}.`, {
    detail,
    hint,
  });
}
