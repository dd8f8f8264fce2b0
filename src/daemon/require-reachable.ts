/** In charge of finding out early that the servers' user cannot get to a folder, instead of late by a server's log. */
import { posternError } from "../base/error.ts";
import { runProgram } from "../runtime/run-program.ts";
import type { ServerAccount } from "../runtime/server-account.ts";

/** @throws Y0003 naming the folder. */
export async function requireReachable(directory: string, account: ServerAccount): Promise<void> {
  if (!account.separate) return;
  const { exitCode } = await runProgram("/bin/sh", ["-c", 'test -x "$0"', directory], { account });
  if (exitCode === 0) return;
  throw posternError(
    "Y0003",
    `The user "${account.username}", which runs the servers, cannot enter ${directory}.`,
    {
      detail: "A folder above it is closed to other users.",
      hint: "Open it with chmod o+x, or choose another folder by POSTERN_HOME or POSTERN_TOOLCHAIN_DIR.",
    },
  );
}
