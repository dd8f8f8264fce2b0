import { expect, test } from "vitest";
import { lastWords, serverWentAway } from "../../../src/backups/program-failure.ts";

const end = (stderr: string) => ({ exitCode: 1, signal: null, stdout: "", stderr });

test.each([
  'pg_dump: error: connection to server on socket "/x/.s.PGSQL.5432" failed: No such file or directory',
  'pg_dump: error: connection to server on socket "/x/.s.PGSQL.5432" failed: FATAL:  the database system is starting up',
  "pg_dump: detail: Error message from server: server closed the connection unexpectedly",
  "pg_restore: error: could not execute query: FATAL:  terminating connection due to administrator command",
])("a server that is away is a fault that passes: %s", (stderr) => {
  expect(serverWentAway(end(stderr))).toBe(true);
});

test.each([
  'pg_restore: error: could not execute query: ERROR:  could not open extension control file "x.control": No such file or directory',
  'pg_dump: error: connection to server on socket "/x/.s.PGSQL.5432" failed: FATAL:  database "db_1" does not exist',
  "pg_dump: error: query failed: ERROR:  permission denied for table t",
])("a fault that stays is not waited out: %s", (stderr) => {
  expect(serverWentAway(end(stderr))).toBe(false);
});

test("the last words are the last lines of the program, or how it ended", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  expect(lastWords("pg_dump", end(lines.join("\n")))).toBe(lines.slice(-8).join("\n"));
  expect(lastWords("pg_dump", { ...end(""), exitCode: 128, signal: "SIGKILL" })).toBe(
    "pg_dump was ended by SIGKILL.",
  );
  expect(lastWords("pg_dump", end("\n"))).toBe("pg_dump ended with 1.");
});
