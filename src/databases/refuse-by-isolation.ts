/** In charge of saying what cannot be done with a database because of where it lives. */
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";

export type Deed = "pause" | "point in time" | "upgrade" | "move";

type Reason = readonly [cannot: string, detail: string, hint: string];

interface Place {
  code: "Y8023" | "Y8106";
  where: string;
  reasons: Partial<Record<Deed, Reason>>;
}

const restoreElsewhere = "Make a backup and restore it into a new database of the newer version.";
const copyElsewhere =
  "Make a backup and restore it into a new database, or use `postern db export` and `postern db import`.";

const registered: Place = {
  code: "Y8023",
  where: "is on a registered instance",
  reasons: {
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
      `The server's administrator upgrades it. ${restoreElsewhere}`,
    ],
    move: [
      "stays on its instance",
      "Databases do not move between Postern's own servers and registered ones.",
      copyElsewhere,
    ],
  },
};

const guest: Place = {
  code: "Y8106",
  where: "has a machine of its own",
  reasons: {
    "point in time": [
      "cannot be restored to a point in time",
      "The log of a guest's server is not archived: nothing outside can be reached from there.",
      "Backups work as everywhere: postern db backup create",
    ],
    upgrade: [
      "cannot be upgraded in place",
      "The data is on a disk that only the guest reads.",
      restoreElsewhere,
    ],
  },
};

const places: Partial<Record<DatabaseRow["isolation"], Place>> = { external: registered, microvm: guest };

/** @throws Y8023, Y8106 */
export function refuseByIsolation(row: Pick<DatabaseRow, "name" | "isolation">, deed: Deed): void {
  const place = places[row.isolation];
  const reason = place?.reasons[deed];
  if (!place || !reason) return;
  const [cannot, detail, hint] = reason;
  throw posternError(place.code, `Database ${row.name} ${place.where} and ${cannot}.`, { detail, hint });
}
