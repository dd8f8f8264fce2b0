/**
 * In charge of naming what the HTTP server needs from the rest of Postern: one plain function per route, grouped by
 * noun. The daemon composes them; a route parses, authenticates, calls one of these and encodes its answer.
 */
import type { Duplex, Readable } from "node:stream";
import type {
  AccountInfo,
  AppliedMigration,
  BackupInfo,
  BackupPolicyInfo,
  BackupPolicyRequest,
  BackupStatus,
  BackupStatusInfo,
  ClientAccessInfo,
  ClientAccessRequest,
  CreateBackupRequest,
  CreateBranchRequest,
  CreateDatabaseRequest,
  CreatedBranch,
  CreatedDatabase,
  CreatedToken,
  CreateTokenRequest,
  DaemonStatus,
  DatabaseActivity,
  DatabaseInfo,
  DatabaseUrls,
  DownloadUrl,
  EnablePointInTimeRequest,
  LoginRequest,
  LoginResult,
  MigrateRequest,
  MigrationState,
  OperationInfo,
  PauseRules,
  PointInTimeInfo,
  PromoteRequest,
  QueryRequest,
  ResetPassword,
  ResetPasswordRequest,
  ResetRequest,
  RestoreRequest,
  RestoreToTimeRequest,
  RotateCredentialsRequest,
  RotatedCredentials,
  RowSecurityTestRequest,
  ScaleRequest,
  SchemaDiff,
  TokenInfo,
  TransactionRequest,
  WipeRequest,
} from "@postern/sdk/protocol";
import type { LoginAttempt } from "../access/authenticate-login.ts";
import type { AccountPrincipal, ClientPrincipal, DatabasePrincipal, Principal } from "../access/principal.ts";
import type { DepartureSignal } from "../base/departure.ts";
import type { BackupId, OperationId } from "../base/id.ts";
import type { NeonRequest } from "../query/neon/neon-request.ts";

/** A database as a caller names it: by id, or by a name that is unique among what the caller may see. */
export interface DatabaseRef {
  ref: string;
}

/** Who asks a database; the workers of the data plane need no more. */
export interface DataPlaneAccess {
  /** For the data plane: an unknown database and a wrong token are the same Y2002. */
  authenticateDatabase(databaseId: string, token: string): Promise<DatabasePrincipal>;
  /** The same where the answer is at hand; undefined when it is not. @throws Y2002 */
  authenticateAtOnce(databaseId: string, token: string): DatabasePrincipal | undefined;
  /**
   * A user by a JWT, or without one nobody in particular, where the database is open to clients.
   * @throws Y2001 Y2002 where it is not, or is unknown; Y2010 Y2011
   */
  authenticateClient(databaseId: string, token: string | undefined): Promise<ClientPrincipal>;
  /** May pages of other sites ask it? */
  isOpenToClients(databaseId: string): Promise<boolean>;
  /** By what a connection URL holds. @throws 28P01 the same for an unknown user and a wrong password; 3D000; Y1018 */
  authenticateLogin(attempt: LoginAttempt): Promise<DatabasePrincipal>;
  /** Id of the database that is called this inside Postgres. */
  findDatabaseId(innerName: string): Promise<string | undefined>;
}

export interface AccessService extends DataPlaneAccess {
  /** @throws Y2002 for a key that is unknown or revoked. */
  authenticateKey(apiKey: string): Promise<AccountPrincipal>;
  /** Whose token it is; for routes of the control plane. @throws Y2002 */
  authenticateToken(token: string): Promise<DatabasePrincipal>;
}

export interface AccountService {
  /** Without a principal only where registration is open. @throws Y2001 Y2003 Y2004 Y2006 Y2007 */
  register(principal: AccountPrincipal | undefined, input: LoginRequest): Promise<AccountInfo>;
  /** @throws Y2005 */
  logIn(input: LoginRequest): Promise<LoginResult>;
  /** Revokes the key that was used. */
  logOut(principal: AccountPrincipal): Promise<void>;
  describe(principal: AccountPrincipal): Promise<AccountInfo>;
}

export interface DatabaseService {
  /** `wait`: resolves when the database is ready, else as soon as the operation is accepted. */
  create(
    principal: AccountPrincipal,
    input: CreateDatabaseRequest & { wait: boolean },
  ): Promise<CreatedDatabase>;
  list(principal: AccountPrincipal, input: { destroyed: boolean }): Promise<DatabaseInfo[]>;
  describe(principal: Principal, input: DatabaseRef): Promise<DatabaseInfo>;
  describeUrls(principal: Principal, input: DatabaseRef): Promise<DatabaseUrls>;
  destroy(
    principal: AccountPrincipal,
    input: DatabaseRef & { skipSnapshot: boolean; withBranches: boolean },
  ): Promise<OperationInfo>;
  undelete(principal: AccountPrincipal, input: DatabaseRef): Promise<OperationInfo>;
}

export interface TokenService {
  list(principal: AccountPrincipal, input: DatabaseRef): Promise<TokenInfo[]>;
  create(principal: AccountPrincipal, input: DatabaseRef & CreateTokenRequest): Promise<CreatedToken>;
  /** Before it resolves the token opens nothing any more. @throws Y3042 */
  revoke(principal: AccountPrincipal, input: DatabaseRef & { token: string }): Promise<TokenInfo>;
}

export interface CredentialService {
  rotate(
    principal: AccountPrincipal,
    input: DatabaseRef & RotateCredentialsRequest,
  ): Promise<RotatedCredentials>;
  resetPassword(
    principal: AccountPrincipal,
    input: DatabaseRef & ResetPasswordRequest,
  ): Promise<ResetPassword>;
}

export interface BranchService {
  /** `wait`: resolves when the branch is ready or a while has passed, else as soon as the operation is accepted. */
  create(
    principal: AccountPrincipal,
    input: DatabaseRef & CreateBranchRequest & { wait: boolean },
  ): Promise<CreatedBranch>;
  list(principal: AccountPrincipal, input: DatabaseRef): Promise<DatabaseInfo[]>;
  /** Its data becomes its parent's of now. @throws Y3070 Y3072 */
  reset(principal: Principal, input: DatabaseRef): Promise<OperationInfo>;
  /** Its parent's data becomes that of the branch. @throws Y3070 Y3072 */
  promote(
    principal: AccountPrincipal,
    input: DatabaseRef & { skip_safety_snapshot?: boolean | undefined },
  ): Promise<OperationInfo>;
  /** `base` undefined: the parent. @throws Y3070 */
  compare(
    principal: AccountPrincipal,
    input: DatabaseRef & { base?: string | undefined },
  ): Promise<SchemaDiff>;
}

export interface ScaleService {
  /** @throws Y3043 Y3044 Y3045 */
  scale(principal: AccountPrincipal, input: DatabaseRef & ScaleRequest): Promise<OperationInfo>;
}

export interface PauseService {
  /** Resolves when it sleeps. @throws Y4010 when it is in use */
  pause(principal: AccountPrincipal, input: DatabaseRef): Promise<DatabaseInfo>;
  /** Resolves when it is awake. */
  resume(principal: Principal, input: DatabaseRef): Promise<DatabaseInfo>;
  /** After how many seconds without a statement it sleeps; 0: never; null: as the operator has set it. */
  setPauseAfter(principal: AccountPrincipal, input: DatabaseRef & PauseRules): Promise<DatabaseInfo>;
  /** Who keeps it awake. */
  describeActivity(principal: Principal, input: DatabaseRef): Promise<DatabaseActivity>;
}

export interface ClientAccessService {
  describe(principal: Principal, input: DatabaseRef): Promise<ClientAccessInfo>;
  enable(principal: AccountPrincipal, input: DatabaseRef & ClientAccessRequest): Promise<ClientAccessInfo>;
  disable(principal: AccountPrincipal, input: DatabaseRef): Promise<ClientAccessInfo>;
}

export interface MigrationService {
  migrate(principal: Principal, input: DatabaseRef & MigrateRequest): Promise<OperationInfo>;
  /** The same on a copy, which is removed. */
  rehearse(principal: Principal, input: DatabaseRef & MigrateRequest): Promise<OperationInfo>;
  /** What `migrate` with these files would meet. */
  compare(principal: Principal, input: DatabaseRef & MigrateRequest): Promise<MigrationState[]>;
  listApplied(principal: Principal, input: DatabaseRef): Promise<AppliedMigration[]>;
}

export interface ResetService {
  /** Empties the database and applies migrations. @throws Y3004 Y5004 */
  reset(principal: Principal, input: DatabaseRef & ResetRequest): Promise<OperationInfo>;
  /** Empties the database. @throws Y3004 */
  wipe(principal: Principal, input: DatabaseRef & WipeRequest): Promise<OperationInfo>;
}

/** An opened backup file. Whoever gets it must read the stream to its end or destroy it. */
export interface BackupDownload {
  stream: Readable;
  sizeBytes: number;
  /** SHA-256 of the file, hex. */
  checksum: string;
  /** Suggested name of the file; letters, digits, `.`, `_`, `-`. */
  fileName: string;
}

export interface BackupService {
  create(principal: Principal, input: DatabaseRef & CreateBackupRequest): Promise<OperationInfo>;
  list(
    principal: Principal,
    input: DatabaseRef & { status?: BackupStatus | undefined; limit: number },
  ): Promise<BackupInfo[]>;
  describe(principal: AccountPrincipal, input: { id: BackupId }): Promise<BackupInfo>;
  delete(principal: AccountPrincipal, input: { id: BackupId }): Promise<OperationInfo>;
  /** Restores it aside and compares. @throws Y6001 Y6006 Y3004 */
  verify(principal: AccountPrincipal, input: { id: BackupId }): Promise<OperationInfo>;
  download(principal: AccountPrincipal, input: { id: BackupId }): Promise<BackupDownload>;
  signDownload(
    principal: AccountPrincipal,
    input: { id: BackupId; expiresIn?: string | undefined },
  ): Promise<DownloadUrl>;
  /** By an address that `signDownload` gave. @throws Y6014 */
  downloadSigned(input: { id: BackupId; expires: string; signature: string }): Promise<BackupDownload>;
  restore(principal: Principal, input: DatabaseRef & RestoreRequest): Promise<OperationInfo>;
}

export interface BackupPolicyService {
  describe(principal: Principal, input: DatabaseRef): Promise<BackupPolicyInfo>;
  /** @throws Y6010 Y1001 */
  change(principal: AccountPrincipal, input: DatabaseRef & BackupPolicyRequest): Promise<BackupPolicyInfo>;
  describeStatus(principal: Principal, input: DatabaseRef): Promise<BackupStatusInfo>;
}

export interface PointInTimeService {
  describe(principal: Principal, input: DatabaseRef): Promise<PointInTimeInfo>;
  enable(principal: AccountPrincipal, input: DatabaseRef & EnablePointInTimeRequest): Promise<OperationInfo>;
  disable(principal: AccountPrincipal, input: DatabaseRef): Promise<OperationInfo>;
  /** The new database, which is being made. */
  restore(principal: AccountPrincipal, input: DatabaseRef & RestoreToTimeRequest): Promise<CreatedDatabase>;
  promote(principal: AccountPrincipal, input: DatabaseRef & PromoteRequest): Promise<OperationInfo>;
  /** `ref`: `shared`, or a database that has its server for itself. */
  recover(principal: AccountPrincipal, input: DatabaseRef & { force: boolean }): Promise<OperationInfo>;
}

export interface OperationService {
  list(
    principal: AccountPrincipal,
    input: { database?: string | undefined; limit: number },
  ): Promise<OperationInfo[]>;
  /** Resolves when the operation ends, `waitMs` have passed or `signal` fires, with how it stands then. */
  describe(
    principal: Principal,
    input: { id: OperationId; waitMs: number; signal: AbortSignal },
  ): Promise<OperationInfo>;
  /**
   * The operation now and after each change, the last one ended; ends early, without an error, when `signal` fires.
   * The first `next()` rejects with Y3010 when there is no such operation.
   */
  watch(principal: Principal, input: { id: OperationId; signal: AbortSignal }): AsyncIterable<OperationInfo>;
}

/** JSON that is encoded already: sent as it is. */
export interface EncodedAnswer {
  chunks: Buffer[];
  byteLength: number;
}

export interface QueryOptions {
  /** Rows as arrays of values instead of objects. */
  rowsAsArrays: boolean;
  /** Fires when the client has gone: the statement is canceled. */
  signal: DepartureSignal;
  /** Tells callers without a token apart. */
  callerAddress?: string | undefined;
}

/** Takes a streamed answer, piece by piece, at its own pace. */
export interface AnswerSink {
  /** False: it has enough for now, and says when it can take more. */
  write(bytes: Uint8Array): boolean;
  /** Called each time that it can take more. */
  onDrain: (() => void) | undefined;
}

/** A database's owner, or one of its clients. */
export type QueryPrincipal = DatabasePrincipal | ClientPrincipal;

export interface QueryService {
  neon(principal: QueryPrincipal, input: NeonRequest, options: QueryOptions): Promise<EncodedAnswer>;
  query(principal: QueryPrincipal, input: QueryRequest, options: QueryOptions): Promise<EncodedAnswer>;
  /** Rows as they come; resolves when the last line is in the sink. What was written before a failure stands. */
  stream(
    principal: QueryPrincipal,
    input: QueryRequest,
    sink: AnswerSink,
    options: QueryOptions,
  ): Promise<void>;
  execute(principal: QueryPrincipal, input: QueryRequest, options: QueryOptions): Promise<EncodedAnswer>;
  transaction(
    principal: QueryPrincipal,
    input: TransactionRequest,
    options: QueryOptions,
  ): Promise<EncodedAnswer>;
}

export interface TunnelService {
  /**
   * Runs one Postgres session over the client's byte stream; resolves when it has ended on both sides. `onOpen`: the
   * client has logged in.
   */
  run(client: Duplex, onOpen: () => void): Promise<void>;
}

export interface RowSecurityService {
  /** Runs the statement as a client of the database would, and undoes it. @throws Y1001 unless it says as whom */
  test(
    principal: Principal,
    input: DatabaseRef & RowSecurityTestRequest,
    options: QueryOptions,
  ): Promise<EncodedAnswer>;
}

export interface StatusService {
  describe(principal: AccountPrincipal): Promise<DaemonStatus>;
}

export interface MetricsService {
  contentType: string;
  /** `perDatabase`: also what is about single databases. */
  render(options: { perDatabase: boolean }): Promise<string>;
}

export interface HttpServices {
  metrics: MetricsService;
  access: AccessService;
  accounts: AccountService;
  databases: DatabaseService;
  tokens: TokenService;
  scaling: ScaleService;
  credentials: CredentialService;
  branches: BranchService;
  pauses: PauseService;
  clientAccess: ClientAccessService;
  migrations: MigrationService;
  reset: ResetService;
  backups: BackupService;
  backupPolicies: BackupPolicyService;
  pointInTime: PointInTimeService;
  operations: OperationService;
  query: QueryService;
  tunnel: TunnelService;
  rowSecurity: RowSecurityService;
  status: StatusService;
}
