/** In charge of writing files into folders that a server can write too: whatever it has put in the way is not followed. */
import { open, readFile, rename, rm } from "node:fs/promises";
import type { ServerAccount } from "./server-account.ts";

/** False when that is what it holds. */
export async function replaceOwned(
  file: string,
  text: string,
  { mode, account }: { mode: number; account: ServerAccount },
): Promise<boolean> {
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return false;
  const temporary = `${file}.new`;
  await rm(temporary, { recursive: true, force: true });
  // A link that comes up between is an error and not followed.
  const handle = await open(temporary, "wx", mode);
  try {
    await handle.writeFile(text);
    if (account.separate) await handle.chown(account.uid, account.gid);
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  return true;
}
