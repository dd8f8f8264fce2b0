/** In charge of ids: what they look like, how they are made, and reading them once at the edge. */
import { randomBytes } from "node:crypto";

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type DatabaseId = Id<"database">;
export type BackupId = Id<"backup">;
export type InstanceId = Id<"instance">;
export type OperationId = Id<"operation">;
export type AccountId = Id<"account">;
export type KeyId = Id<"key">;
export type TokenId = Id<"token">;
export type ProjectId = Id<"project">;
/** Of a control plane, from its start to its end, or until the others have given it up. */
export type ControlPlaneId = Id<"control plane">;
export type ConsoleSessionId = Id<"console session">;

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

export const newDatabaseId = () => `db-${hex(6)}` as DatabaseId;
export const newBackupId = () => `bkp-${hex(4)}` as BackupId;
export const newInstanceId = () => `ins-${hex(6)}` as InstanceId;
export const newOperationId = () => `op-${hex(6)}` as OperationId;
export const newAccountId = () => `acc-${hex(6)}` as AccountId;
export const newKeyId = () => `key-${hex(6)}` as KeyId;
export const newTokenId = () => `tok-${hex(6)}` as TokenId;
export const newControlPlaneId = () => `ctl-${hex(6)}` as ControlPlaneId;
export const newGatewayTokenId = (): string => `gtk-${hex(6)}`;
export const newGatewayId = (): string => `gtw-${hex(6)}`;
export const newConsoleSessionId = () => `cs-${hex(6)}` as ConsoleSessionId;

/** As the originals write it, with an underscore. */
export const newProjectId = () => `proj_${hex(6)}` as ProjectId;

const databaseIdPattern = /^db-[0-9a-f]{12}$/;
const backupIdPattern = /^bkp-[0-9a-f]{8}$/;
const operationIdPattern = /^op-[0-9a-f]{12}$/;

export const isDatabaseId = (text: string): text is DatabaseId => databaseIdPattern.test(text);
export const isBackupId = (text: string): text is BackupId => backupIdPattern.test(text);
export const isOperationId = (text: string): text is OperationId => operationIdPattern.test(text);

/** Name inside Postgres of a database and, unless chosen otherwise, of its owner: `db-0123…` → `db_0123…`. */
export const postgresNameOf = (id: DatabaseId): string => id.replace("-", "_");
