/** In charge of telling whether a project's schema is Prisma's. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** `prisma/schema.prisma`, or the files beside it where the schema is in several, with a model. */
export async function hasPrismaModels(directory: string): Promise<boolean> {
  for (const folder of ["prisma", "prisma/schema"]) {
    const path = join(directory, folder);
    const files = (await readdir(path).catch(() => [])).filter((name) => name.endsWith(".prisma"));
    for (const file of files)
      if (/^\s*model\s+\w+\s*\{/m.test(await readFile(join(path, file), "utf8"))) return true;
  }
  return false;
}
