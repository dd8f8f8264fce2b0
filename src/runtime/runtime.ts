/** In charge of what every way of running a Postgres server can do; `process-runtime` is the first. */

/** A Postgres server of Postern's, running or not. */
export interface ServerSpec {
  /** `system`, `shared` or `ins-…`; also the name of its folder. */
  name: string;
  dataDirectory: string;
  /** Holds `.s.PGSQL.5432`; every server uses that port number on its socket. */
  socketDirectory: string;
  logFile: string;
  /** Loopback port of the direct URL; null: unix socket only. */
  tcpPort: number | null;
  /** How long a port that another program has is waited for; half a minute if not given. */
  portPatienceMs?: number;
  /** postgresql.conf settings of this server beyond those that all have. */
  settings: Record<string, string>;
  /** Nobody comes by TCP, though it listens there: a copy of another server that has not its own passwords yet. */
  closed?: boolean;
  /** A file with further settings, which need not be there. */
  settingsFile?: string;
  /** Statements that pg_stat_statements tells apart; absent: nothing is counted. */
  countsStatements?: number;
  /** How large the disk of its machine is at least, where it has one. */
  diskGigabytes?: number;
  /** It gets a machine of its own where it is made; what is there says it itself. */
  inGuest?: boolean;
  /** Servers whose archives it reads besides its own: what is restored from them is replayed from there. */
  readsArchiveOf?: readonly string[];
  /** The folder of all servers' sockets, for one that asks the others. */
  asksServersIn?: string;
  /** Of Postgres, where the server is to begin with another than the usual one; what is there says it itself. */
  major?: string;
}

export interface Runtime {
  /** Makes the data directory if there is none yet; repeatable; a half-made one from a crash is replaced. */
  create(spec: ServerSpec): Promise<void>;
  /** Starts, or takes over what runs already; resolves with the postmaster's pid once it accepts connections. @throws Y4002 Y4014 */
  start(spec: ServerSpec): Promise<number>;
  /** Makes it read its settings, rules and certificate again. Nothing to do when it is not running. */
  reload(spec: ServerSpec): Promise<void>;
  /** Fast shutdown; resolves when the postmaster is gone. Nothing to do when it is not running. @throws Y4003 */
  stop(spec: ServerSpec): Promise<void>;
  /** Ends it so that its next start goes on where it was, where that can be had; else the same as `stop`. @throws Y4003 */
  suspend(spec: ServerSpec): Promise<void>;
  /** Pid of the live postmaster, or of the guest's machine, that owns the data directory, or null. */
  findPid(spec: ServerSpec): Promise<number | null>;
  /** Version of the Postgres that this server runs with from its next start on. */
  versionOf(spec: ServerSpec): Promise<string>;
  /**
   * Looks after the machine of a server that runs, where it has one: has it go on when it stopped for want of room, and sets
   * its clock. Resolves with what is wrong with it.
   */
  tend?(spec: ServerSpec, options?: { clockMoved?: boolean }): Promise<string | undefined>;
  /** Stops and deletes all files of the server; repeatable. */
  remove(spec: ServerSpec): Promise<void>;
}
