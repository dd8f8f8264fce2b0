/** In charge of Debian's Python clients. */
import { join } from "node:path";
import { unpackPackages } from "./debian-packages.ts";
import { outputOf, runProgram } from "./run-program.ts";

const packages = ["libpq5", "python3-psycopg2", "python3-psycopg", "python3-asyncpg"];

export type Python = { environment: Record<string, string> } | { missing: string };

/** What to run python3 with; or why there is none that has them. */
export async function findPython(): Promise<Python> {
  try {
    const root = await unpackPackages("python-clients", packages);
    const libraries = join(root, "usr/lib", `${await machine()}-linux-gnu`);
    const environment = {
      PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
      LD_LIBRARY_PATH: libraries,
    };
    const end = await runProgram("python3", ["-c", "import psycopg2, psycopg, asyncpg"], { environment });
    return end.code === 0 ? { environment } : { missing: end.stderr.trim().split("\n").at(-1)! };
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0]! };
  }
}

const machine = async () => (await outputOf("uname", ["-m"])).trim();
