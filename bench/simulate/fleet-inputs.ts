/** In charge of what the arithmetic of a fleet starts from: each input, what it is, and where its usual value comes from. */

export interface Input {
  name: string;
  /** In the words of the printed table. */
  what: string;
  value: number;
  /** `measured`: docs/performance.md; `code`: what Postern does; `assumed`: yours to say. */
  from: "measured" | "code" | "assumed";
}

const input = (name: string, value: number, from: Input["from"], what: string): Input => ({
  name,
  what,
  value,
  from,
});

export const inputs = [
  input("databases", 100_000, "assumed", "databases"),
  input("active", 0.1, "assumed", "part of them that is asked at a time"),
  input("requests", 1, "assumed", "requests a second to each of those"),
  input("megabytes", 200, "assumed", "MB of each, as its server holds it"),
  input("gateways", 8, "assumed", "gateways"),
  input("gateway-cores", 4, "assumed", "cores of each"),
  input("request-us", 125, "measured", "processor time of a request, us (point read)"),
  input("spread", 2, "assumed", "gateways that an active database's requests reach within a second"),
  input("asks", 1, "code", "questions a second for each of these"),
  input("ask-us", 1_000, "assumed", "processor time of a question at the control plane and its tables, us"),
  input("controls", 3, "assumed", "control planes"),
  input("control-cores", 4, "assumed", "cores of each"),
  input("database-kb", 20, "measured", "kB of memory that a database costs each of them"),
  input("control-gb", 8, "assumed", "GB of memory that each of them may take"),
  input(
    "sample-us",
    200,
    "assumed",
    "time of an active database's figures, written once a minute, us of one core",
  ),
  input("sample-bytes", 250, "assumed", "bytes of a row of figures, with its indexes"),
  input("sample-days", 30, "code", "days that figures are kept"),
  input("state-gb", 500, "assumed", "GB that Postern's own tables may take"),
  input("operations", 6, "code", "operations that a control plane does at a time"),
  input(
    "backups",
    2,
    "code",
    "scheduled backups at a time, of all control planes together (POSTERN_BACKUPS_AT_ONCE)",
  ),
  input("backup-each", 1, "assumed", "backups of a database a day"),
  input("backup-rate", 214, "measured", "MB a second that a backup reads (510 MB in 2.4 s)"),
  input("backup-fixed", 0.4, "measured", "seconds of a backup that do not grow with it"),
  input("verified", 0.03, "assumed", "part of the backups that are restored on trial"),
  input("restore-rate", 69, "measured", "MB a second that a restore fills (510 MB in 7.4 s)"),
  input("window", 8, "assumed", "hours a day in which backups are made"),
  input("compression", 0.3, "assumed", "size of a backup, as a part of the database's"),
  input("kept", 14, "assumed", "backups kept of a database"),
  input("store-rate", 1_000, "assumed", "MB a second that the store takes"),
  input("store-tb", 500, "assumed", "TB that the store holds"),
  input("instances", 400, "assumed", "registered instances"),
  input("instance-sessions", 400, "assumed", "sessions that each admits"),
  input("sessions", 2, "assumed", "sessions that an active database needs at a gateway"),
  input("sleeping", 0, "assumed", "databases with a server of their own that sleep, on each host of such"),
  input("woken", 0.5, "assumed", "part of them that is wanted in a storm"),
  input("storm", 60, "assumed", "seconds in which a storm comes"),
  input("wake-ms", 70, "measured", "processor time of a wake, ms (median of one, by HTTP)"),
  input("wake-cores", 4, "assumed", "cores of such a host"),
  input("patience", 10, "assumed", "seconds that somebody waits for a wake"),
] as const satisfies readonly Input[];

export type Inputs = Record<string, number>;

/** @throws for a name or a value that is none */
export function readInputs(given: readonly string[]): Inputs {
  const read: Inputs = Object.fromEntries(inputs.map(({ name, value }) => [name, value]));
  for (let at = 0; at < given.length; at += 2) {
    const name = given[at]!.replace(/^--/, "");
    const value = Number(given[at + 1]);
    if (!Object.hasOwn(read, name)) throw new Error(`There is no input ${given[at]}.`);
    if (given[at + 1] === undefined || !Number.isFinite(value) || value < 0)
      throw new Error(`${given[at]} is ${given[at + 1] ?? "missing"}, which is no number.`);
    read[name] = value;
  }
  return read;
}
