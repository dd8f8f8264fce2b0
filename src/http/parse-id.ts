/** In charge of turning ids in a request into typed ones; what does not look like an id names nothing. */
import { posternError } from "../base/error.ts";
import { type BackupId, isBackupId, isOperationId, type OperationId } from "../base/id.ts";

/** @throws Y6001 */
export function parseBackupId(text: string): BackupId {
  if (isBackupId(text)) return text;
  throw posternError("Y6001", `There is no backup "${text}".`, {
    hint: "`postern db backup list` shows them.",
  });
}

/** @throws Y3010 */
export function parseOperationId(text: string): OperationId {
  if (isOperationId(text)) return text;
  throw posternError("Y3010", `There is no operation "${text}".`, { hint: "`postern ops list` shows them." });
}
