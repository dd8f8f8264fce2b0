/**
 * In charge of the servers' own copy of the certificate: Postgres refuses a key that is not its user's alone. Chain and
 * key are one file, so that a renewal replaces both at once.
 */
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownPath } from "./own-path.ts";
import type { ServerAccount } from "./server-account.ts";

/** Its path is the same for good. */
export const tlsFile = (home: string): string => join(home, "tls", "server.pem");

export async function writeTlsFile(
  home: string,
  account: ServerAccount,
  { certificate, key }: { certificate: string; key: string },
): Promise<string> {
  const directory = join(home, "tls");
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  await ownPath(directory, account);
  const file = tlsFile(home);
  await writeFile(`${file}.new`, `${certificate.trimEnd()}\n${key.trimEnd()}\n`, { mode: 0o600 });
  await ownPath(`${file}.new`, account);
  await rename(`${file}.new`, file);
  return file;
}
