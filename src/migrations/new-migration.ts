/** In charge of making the file of a new migration. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";

/** Makes an empty migration in `directory` and returns its path: numbered where the others are, else stamped with the time. */
export async function newMigration(directory: string, description: string, now: Date): Promise<string> {
  const slug = description
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (slug === "")
    throw posternError("Y5004", `"${description}" cannot name a migration.`, {
      hint: "Use letters and digits, for example create_users_table.",
    });
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${prefixFor(await readdir(directory), now)}_${slug}.sql`);
  await writeFile(path, `-- ${description.trim()}\n`, { flag: "wx" });
  return path;
}

function prefixFor(names: string[], now: Date): string {
  const numbers = names
    .map((name) => /^(\d{1,9})_.*\.sql$/.exec(name)?.[1])
    .filter((number) => number !== undefined);
  const stamped = names.some((name) => /^\d{14}_/.test(name));
  if (numbers.length === 0 || stamped) return now.toISOString().replace(/\D/g, "").slice(0, 14);
  const width = Math.max(...numbers.map((number) => number.length));
  return String(Math.max(...numbers.map(Number)) + 1).padStart(width, "0");
}
