/** In charge of saying what cannot be done yet with a database in a machine of its own. */
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";

const reasons = {
  "point in time": [
    "cannot be restored to a point in time",
    "The log of a guest's server is not archived: nothing outside can be reached from there.",
    "Backups work as everywhere: postern db backup create",
  ],
  upgrade: [
    "cannot be upgraded in place",
    "The data is on a disk that only the guest reads.",
    "Make a backup and restore it into a new database of the newer version.",
  ],
  move: [
    "stays in its machine",
    "Databases do not move into machines of their own, or out of them.",
    "Make a backup and restore it into a new database, or use `postern db export` and `postern db import`.",
  ],
  branch: [
    "cannot be branched",
    "The data is on a disk that only the guest reads.",
    "`postern db export` and `postern db import` copy it into another database.",
  ],
  rehearse: [
    "cannot be copied for a rehearsal",
    "The data is on a disk that only the guest reads.",
    "Try the migrations on a database made by `postern db export` and `postern db import`.",
  ],
} as const;

/** @throws Y8106 */
export function refuseOnMicrovm(
  row: Pick<DatabaseRow, "name" | "isolation">,
  what: keyof typeof reasons,
): void {
  if (row.isolation !== "microvm") return;
  const [cannot, detail, hint] = reasons[what];
  throw posternError("Y8106", `Database ${row.name} has a machine of its own and ${cannot}.`, {
    detail,
    hint,
  });
}
