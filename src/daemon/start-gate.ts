/** In charge of the gate's command line: its folder, its protocol's number, and the user and group it goes on as. */
import { runGate } from "../runtime/gate/run-gate.ts";

export async function startGate([directory, , uid, gid]: readonly string[]): Promise<void> {
  const account = uid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
  await runGate({ directory: directory!, account });
}
