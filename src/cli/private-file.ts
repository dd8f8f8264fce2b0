/** In charge of small JSON files with secrets in them: readable by their owner only, replaced as a whole. */
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, messageOf, posternError } from "../base/error.ts";

/** Undefined when there is no such file. @throws Y0001 when it is not JSON */
export async function readPrivateFile<Content>(file: string): Promise<Content | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw posternError("Y0001", `${file} cannot be read.`, { detail: messageOf(error) });
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Content;
  } catch (error) {
    throw posternError("Y0001", `${file} is not valid JSON.`, {
      detail: messageOf(error),
      hint: "Mend it or delete it.",
    });
  }
}

/** The folder is made 0700 where it is missing. */
export async function writePrivateFile(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}
