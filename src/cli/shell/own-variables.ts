/** In charge of the variables that the shell sets itself, as psql does: who is connected where, and how the last statement ended. */

interface Connected {
  database: string;
  user: string;
  host: string;
  /** `17.11`. */
  version: string;
}

export function noteConnection(
  variables: Map<string, string>,
  { database, user, host, version }: Connected,
): void {
  const [major = "0", minor = "0"] = version.split(".");
  variables.set("DBNAME", database);
  variables.set("USER", user);
  variables.set("HOST", host);
  variables.set("SERVER_VERSION_NAME", version);
  variables.set(
    "SERVER_VERSION_NUM",
    String(Number.parseInt(major, 10) * 10_000 + Number.parseInt(minor, 10)),
  );
}

/** @param code of the error; undefined: it worked */
export function noteEnd(variables: Map<string, string>, code: string | undefined, count: number): void {
  variables.set("ERROR", String(code !== undefined));
  variables.set("SQLSTATE", code ?? "00000");
  variables.set("ROW_COUNT", String(count));
  if (code !== undefined) variables.set("LAST_ERROR_SQLSTATE", code);
}

/** What psql's variables do and this shell does not: said, since whoever sets them counts on it. */
export function refusedSetting(name: string, value: string): string | undefined {
  const isOn = !/^(off|false|0|no)$/i.test(value);
  if (name === "AUTOCOMMIT" && !isOn)
    return "Statements commit by themselves here; BEGIN begins a transaction.";
  if (name === "ON_ERROR_ROLLBACK" && isOn)
    return "A failed statement ends its transaction here; SAVEPOINT keeps what came before it.";
  if (name === "ON_ERROR_STOP" && !isOn) return "The first error always ends a script here.";
  if (name === "SINGLELINE" && isOn) return "A statement ends with its semicolon here.";
  return undefined;
}
