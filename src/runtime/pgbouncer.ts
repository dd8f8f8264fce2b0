/** In charge of PgBouncer as the rest of Postern sees it. */
export interface PoolTarget {
  /** Name that clients connect to, which is also the name in Postgres. */
  database: string;
  /** Folder of the server's socket. */
  socketDirectory: string;
}

export interface Pooler {
  /** Adds or changes the entry of a database that is not on the shared instance, and reloads. Repeatable. */
  route(target: PoolTarget): Promise<void>;
  /** Removes the entry and closes its connections. Repeatable. */
  unroute(database: string): Promise<void>;
  /** Closes all server connections to a database and holds its clients until `resume`. Repeatable. */
  pause(database: string): Promise<void>;
  resume(database: string): Promise<void>;
  /** Drops every client and server connection of a database at once. */
  kill(database: string): Promise<void>;
}
