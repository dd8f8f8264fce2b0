/** In charge of naming what a move of a database to another server is about. */
import type { DatabaseRow } from "../../state/databases.ts";

export interface Move {
  /** As the database is until the switch. */
  from: DatabaseRow;
  /** As it is from then on. */
  to: DatabaseRow;
  /** Of the publication, the slot and the subscription that exist for the time of the move. */
  name: string;
}

/** What cannot be moved while it is written to; the move begins again with writes held. */
export class CannotFollow extends Error {}
