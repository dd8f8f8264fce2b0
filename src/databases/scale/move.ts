/** In charge of naming what a move of a database to another server is about. */
import type { DatabaseRow } from "../../state/databases.ts";

export interface Move {
  /** As the database is until the switch. */
  from: DatabaseRow;
  /** As it is from then on. */
  to: DatabaseRow;
  /** Of the publication, the slot and the subscription that exist for the time of the move. */
  name: string;
  /** What the database is called while writes are held. */
  status: "scaling" | "upgrading";
  /** Of the Postgres at the new place. */
  major: string;
  /** The new server takes over the old one's port, and with it the direct URL; both are servers of this one database. */
  keepsPort: boolean;
}

/** What cannot be moved while it is written to; the move begins again with writes held. */
export class CannotFollow extends Error {}
