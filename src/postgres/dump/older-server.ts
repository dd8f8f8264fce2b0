/**
 * In charge of filling servers with dumps that their own pg_restore cannot read: a newer one begins with a setting that they
 * refuse, so what it would send is written as a script, the setting is taken out, and psql of the same major sends the rest.
 */
import { Transform } from "node:stream";
import { posternError } from "../../base/error.ts";

/** The first major that knows transaction_timeout, and the first whose pg_restore sets it. */
const knowsTimeout = 17;

/** Would this pg_restore send the server what it refuses? Majors. */
export const needsScript = (program: number, server: number): boolean =>
  program >= knowsTimeout && server < knowsTimeout;

/** Behind it come statements that names of the dump's are in. */
const endOfSettings = "\nSELECT pg_catalog.set_config('search_path'";
const refused = "\nSET transaction_timeout = 0;\n";
/** Without it a name in the dump could begin a line of its own, and be a command to psql. */
const restriction = /^\\restrict \S+$/m;
/** The settings are some 20 lines. */
const mostBytes = 16_384;

/**
 * From what `pg_restore -f -` writes to what psql is given.
 * Fails with Y0002 where the script does not begin with psql's restriction, which pg_restore writes since 17.6.
 */
export function scriptForOlderServer(): Transform {
  let head: string | undefined = "";
  /** Latin-1: each byte is one character, and comes out as it went in. */
  const open = (text: string): Buffer => {
    head = undefined;
    const end = text.indexOf(endOfSettings);
    const settings = end === -1 ? text : text.slice(0, end);
    if (text !== "" && !restriction.test(settings))
      throw posternError(
        "Y0002",
        "This pg_restore does not keep names in a dump from being commands to psql.",
        {
          hint: "Postgres 17.6 or newer does; `postern up` brings it along.",
        },
      );
    return Buffer.from(settings.replace(refused, "\n") + text.slice(settings.length), "latin1");
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (head === undefined) return done(null, chunk);
      head += chunk.toString("latin1");
      if (!head.includes(endOfSettings) && head.length < mostBytes) return done();
      emit(head, done);
    },
    flush(done) {
      if (head === undefined) done();
      else emit(head, done);
    },
  });

  function emit(text: string, done: (error: Error | null, chunk?: Buffer) => void): void {
    try {
      done(null, open(text));
    } catch (error) {
      done(error as Error);
    }
  }
}

/** psql's arguments besides the address: nothing of the user's own, and the end at the first error. */
export const scriptArguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"];
