/**
 * In charge of replacing a database's password and its master token. Postern's own tables change first, in one
 * transaction; an operation then brings the server's role in line with them, and does so again if it is cut off. Postgres
 * holds one password for a role, so the old password ends at once; what may go on for a time of grace are the old token
 * and the connections that are open already.
 */
import type { ResetPasswordRequest, RotateCredentialsRequest } from "@postern/sdk/protocol";
import pg from "pg";
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import { type AccountId, newTokenId } from "../base/id.ts";
import { hashSecret, newPassword, newToken, scramVerifier } from "../base/secrets.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { endTokens, noteRotation, savePassword } from "../state/credentials.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { listServiceTokenIds } from "../state/environment-services.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import type { Queryable } from "../state/state.ts";
import { insertScopedToken, type TokenRow } from "../state/tokens.ts";
import { endOldSessions } from "./end-old-sessions.ts";
import { checkPassword } from "./name-rules.ts";
import { requireReady } from "./require-ready.ts";

export interface Rotation {
  operation: OperationRow;
  /** The only moment at which it is known. */
  token: string;
  endsAt: Date;
  ending: TokenRow[];
  staying: TokenRow[];
}

/** Label of the token that a database is created with. */
const masterLabel = "master";
const longestGraceMs = 30 * 86_400_000;

/** @throws Y3004 Y1001 */
export async function rotateCredentials(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
  input: RotateCredentialsRequest,
): Promise<Rotation> {
  requireReady(row);
  const rotatedAt = platform.clock.now();
  const endsAt = new Date(rotatedAt.getTime() + graceMs(input.grace));
  const password = await sealed(platform, row, newPassword());
  const token = newToken();
  return platform.state.transaction(async (tx) => {
    await savePassword(tx, row.id, password);
    await noteRotation(tx, row.id, { rotatedAt, endAt: endsAt });
    const ofEnvironments = await listServiceTokenIds(tx, row.id);
    const isEnding = ({ id, label }: TokenRow) =>
      input.all_tokens === true || label === masterLabel || ofEnvironments.includes(id);
    const { ending, staying } = await endTokens(tx, row.id, endsAt, isEnding);
    await insertScopedToken(tx, {
      id: newTokenId(),
      databaseId: row.id,
      hash: hashSecret(token),
      label: masterLabel,
      scope: "full",
      tenant: null,
      expires_at: null,
    });
    return { operation: await applyLater(tx, row, accountId), token, endsAt, ending, staying };
  });
}

/** Connections that are open go on. Without a password one is made up. @throws Y3004 Y2006 */
export async function resetPassword(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
  input: ResetPasswordRequest,
): Promise<OperationRow> {
  requireReady(row);
  const chosen = input.password === undefined ? newPassword() : checkPassword(input.password);
  const password = await sealed(platform, row, chosen);
  return platform.state.transaction(async (tx) => {
    await savePassword(tx, row.id, password);
    return applyLater(tx, row, accountId);
  });
}

/** As it stands in Postern's tables when this runs: of two changes the later one counts, whichever runs last. */
export const applyCredentials: OperationHandler = {
  async run(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row || row.instance_id === null) return { database_id: run.row.database_id };
    await run.step("password", () => setPassword(platform, row));
    await run.step("old connections", () => endOldSessions(platform));
    return { database_id: row.id };
  },
};

async function setPassword(platform: Platform, row: DatabaseRow): Promise<void> {
  const role = pg.escapeIdentifier(row.role_name);
  await admitWithBoth(platform, row);
  await withAdmin(platform, row.instance_id!, "postgres", (client) =>
    client.query(`alter role ${role} password ${pg.escapeLiteral(row.scram_verifier)}`),
  );
}

/** The way to a registered server takes the password that the server has, before and after. */
async function admitWithBoth({ gate, secrets }: Platform, row: DatabaseRow): Promise<void> {
  const known = gate.relay(row.instance_id!)?.logins[row.role_name];
  if (!known) return;
  const password = secrets.open(row.password_sealed, row.id);
  const passwords = [...new Set([password, ...known])].slice(0, 2);
  await gate.setLogin(row.instance_id!, row.role_name, passwords);
}

const applyLater = (tx: Queryable, row: DatabaseRow, accountId: AccountId): Promise<OperationRow> =>
  insertOperation(tx, { kind: "apply_credentials", databaseId: row.id, accountId, input: {} });

const sealed = async ({ secrets }: Platform, row: DatabaseRow, password: string) => ({
  password_sealed: secrets.seal(password, row.id),
  scram_verifier: await scramVerifier(password),
});

function graceMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDuration(text);
  if (ms <= longestGraceMs) return ms;
  throw posternError("Y1001", `A grace of ${text} is too long.`, { hint: "Give 30d or less." });
}
