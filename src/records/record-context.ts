/** In charge of what structured queries keep for one database: sessions of their own, so that requests that are held open take none from others. */
import { randomBytes, randomInt } from "node:crypto";
import type { VerifiedClaims } from "../access/principal.ts";
import type { ClientLimits, Limits } from "../base/config.ts";
import type { PosternError } from "../base/error.ts";
import type { ClientLogins } from "../instances/client-access.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { RequestSigner } from "../instances/state-log.ts";
import { writeAttach, writeAttachRequest } from "../query/client/sign-identity.ts";
import { openSession } from "../query/open-session.ts";
import { ResultShapes } from "../query/result-shapes.ts";
import { SessionPool } from "../query/session-pool.ts";
import { sessionSettings } from "../query/session-settings.ts";
import type { SharedContext } from "../query/shared/run-shared.ts";
import type { Audience } from "../query/shared/verify-profile.ts";
import { TextStep } from "../query/text-step.ts";
import { TypeCatalog } from "../query/type-catalog.ts";
import { writeCommand } from "../query/write-statement.ts";
import { readRelation } from "./read-relation.ts";
import { RelationMemory } from "./relation-memory.ts";
import type { RequestFrame, RequestSide } from "./request-session.ts";
import { RequestSession } from "./request-session.ts";
import { patience } from "./session-patience.ts";
import { openSharedRecords } from "./shared-records.ts";

export interface RecordContext {
  address: DatabaseAddress;
  signer: RequestSigner;
  owner: RequestSide;
  /** Sessions that the owner's requests share. */
  shared: SharedContext;
  /** For requests that are held open: they must not take the others' sessions. */
  heldOwner: RequestSide;
  shapes: ResultShapes;
  relations: RelationMemory;
  /** Once a client has asked. */
  clients: Promise<ClientSides> | undefined;
  openClients(): Promise<ClientSides>;
}

export interface ClientSides {
  logins: ClientLogins;
  /** Of users and tenants. */
  shared: SharedContext;
  authenticated: RequestSide;
  anonymous: RequestSide;
  heldAuthenticated: RequestSide;
  heldAnonymous: RequestSide;
}

export interface RecordContextOptions {
  address: DatabaseAddress;
  signer: RequestSigner;
  limits: Limits;
  clientLimits: ClientLimits;
  openClientAccess(): Promise<ClientLogins>;
}

const secondMs = 1_000;

export function createRecordContext(options: RecordContextOptions): RecordContext {
  const { address, signer, limits, clientLimits, openClientAccess } = options;
  const catalog = new TypeCatalog();
  const sideOf = (user: string, settings: Record<string, string>, sideLimits: RequestSide["limits"]) => ({
    catalog,
    limits: sideLimits,
    pool: new SessionPool({
      ...patience,
      open: (signal) =>
        openSession({ ...address, user, settings, timeoutMs: 10 * secondMs }, 5 * secondMs, signal),
    }),
  });
  const shareAs = (user: string, settings: Record<string, string>, audience: Audience) =>
    openSharedRecords({
      place: { ...address, user, settings },
      audience,
      catalog,
      limits: audience === "client" ? clientLimits : limits,
      ask: (sql, params) => ask(owner, sql, params),
      onCatalogChange: () => context.relations.forgetAll(),
    });
  const ownerSettings = sessionSettings(limits.statementTimeoutMs);
  const owner = sideOf(address.user, ownerSettings, limits);
  const context: RecordContext = {
    address,
    signer,
    owner,
    shared: shareAs(address.user, ownerSettings, "owner"),
    heldOwner: sideOf(address.user, ownerSettings, limits),
    shapes: new ResultShapes(catalog),
    relations: new RelationMemory(
      (table) => readRelation((sql, params) => ask(owner, sql, params), table),
      (now) => context.shared.book.isCurrent(now),
    ),
    clients: undefined,
    openClients() {
      context.clients ??= openClientAccess()
        .then((logins) => {
          const settings = { ...logins.settings, ...sessionSettings(clientLimits.statementTimeoutMs) };
          return {
            logins,
            shared: shareAs(logins.authenticated, settings, "client"),
            authenticated: sideOf(logins.authenticated, settings, clientLimits),
            anonymous: sideOf(logins.anonymous, settings, clientLimits),
            heldAuthenticated: sideOf(logins.authenticated, settings, clientLimits),
            heldAnonymous: sideOf(logins.anonymous, settings, clientLimits),
          };
        })
        .catch((error: unknown) => {
          context.clients = undefined;
          throw error;
        });
      return context.clients;
    },
  };
  return context;
}

type Pool = Pick<SessionPool, "closeIdle" | "close">;

async function poolsOf({ owner, shared, heldOwner, clients }: RecordContext): Promise<Pool[]> {
  const sides = await clients?.catch(() => undefined);
  const ofClients = sides
    ? [sides.authenticated, sides.anonymous, sides.heldAuthenticated, sides.heldAnonymous]
    : [];
  const alone = [owner, heldOwner, ...ofClients].map(({ pool }) => pool);
  return [...alone, shared.shared, ...(sides ? [sides.shared.shared] : [])];
}

export async function closeIdleRecords(context: RecordContext): Promise<void> {
  for (const pool of await poolsOf(context)) pool.closeIdle();
}

export async function closeRecordContext(context: RecordContext, because: PosternError): Promise<void> {
  await Promise.all((await poolsOf(context)).map((pool) => pool.close(because)));
}

/** The first value of the first row of a query of Postern's own, as the owner. @throws PosternError */
export async function ask(side: RequestSide, sql: string, params: string[]): Promise<string | undefined> {
  const step = new TextStep();
  const session = await RequestSession.open(side, {
    requestId: "",
    secret: "",
    begin: "begin read only",
    // Times in ids read as they are logged.
    writeIdentity(out) {
      writeCommand(out, "set local timezone to 'UTC'");
      return 1;
    },
  });
  try {
    await session.run({ sql, params }, step);
  } finally {
    await session.rollback();
  }
  return step.text;
}

/** Whom the transaction of a request is for. Null: anon. */
export type Identity = "owner" | VerifiedClaims | null;

/** The side on which a request runs, and what its transaction begins with. */
export async function frameFor(
  context: RecordContext,
  identity: Identity,
  { requestId, begin, held = false }: { requestId: string; begin: string; held?: boolean },
): Promise<{ side: RequestSide; frame: RequestFrame }> {
  const secret = randomBytes(16).toString("hex");
  const mark = { requestId, secret };
  if (identity === "owner") {
    const { owner, heldOwner, signer } = context;
    return {
      side: held ? heldOwner : owner,
      frame: {
        requestId,
        secret,
        begin,
        writeIdentity(out, connection) {
          writeAttachRequest(out, signer, connection, mark);
          return 1;
        },
      },
    };
  }
  const sides = await context.openClients();
  const { logins } = sides;
  const [free, kept] = identity
    ? [sides.authenticated, sides.heldAuthenticated]
    : [sides.anonymous, sides.heldAnonymous];
  return {
    side: held ? kept : free,
    frame: {
      requestId,
      secret,
      begin: identity || / read only/.test(begin) ? begin : `${begin} read only`,
      writeIdentity(out, connection) {
        if (identity) {
          const signer = { login: logins.authenticated, macKey: logins.macKey };
          writeAttach(out, signer, connection, identity, mark);
        }
        writeCommand(out, `set local role ${identity ? "authenticated" : "anon"}`);
        // The one thing that DISCARD ALL leaves.
        writeCommand(out, `set seed to ${(randomInt(2 ** 48 - 1) / 2 ** 48).toFixed(15)}`);
        return identity ? 3 : 2;
      },
    },
  };
}
