/** In charge of `postern db backup new-key`: a file with a key that the daemon can encrypt backups with. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { hasCode, posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const file = resolve(context.directory, input.args[0]!);
  const key = randomBytes(32).toString("hex");
  try {
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    throw posternError("Y1013", `${file} is there already, and the key in it may be needed.`, {
      hint: "Name another file.",
    });
  }
  context.output.success(`Wrote ${file}`);
  context.output.talk(`  The daemon encrypts new backups with it: POSTERN_BACKUP_KEY_FILE=${file}`);
  context.output.talk("  Keep a copy elsewhere: without the key such backups cannot be read.");
  await context.output.print({ file }, () => "");
  return undefined;
};
