/** In charge of handing a path to the user that runs the servers. */
import { chown } from "node:fs/promises";
import type { ServerAccount } from "./server-account.ts";

/** Nothing to do when the servers run as the daemon's own user. */
export async function ownPath(path: string, account: ServerAccount): Promise<void> {
  if (account.separate) await chown(path, account.uid, account.gid);
}
