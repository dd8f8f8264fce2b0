/**
 * In charge of where attacks are tried: a whole Postern with an application's databases on both kinds of instances, a
 * neighbour's database beside them, an issuer of tokens, and looks from outside at what no attacker may see or change.
 */
import { readFile } from "node:fs/promises";
import type { CreatedDatabase, CreatedToken, DatabaseUrls, JsonValue } from "@postern/sdk/protocol";
import type { JWTPayload } from "jose";
import type pg from "pg";
import { connectAs } from "../../src/instances/with-admin.ts";
import { adminRole } from "../../src/runtime/server-template.ts";
import { daemonClient, type JsonAnswer } from "./daemon-client.ts";
import { type Answer, ask as askHttp } from "./http-client.ts";
import { createPosternHome, type PosternHome } from "./postern-home.ts";
import { listInstanceFolders } from "./server-facts.ts";
import { rowsOf } from "./session.ts";
import { startTestIssuer, type TestIssuer } from "./test-issuer.ts";

export const isolations = ["shared", "process"] as const;
export type Isolation = (typeof isolations)[number];
/**
 * `anon`: a caller without a token; `owner`: with the database's own; `tenant acme`: with one of that tenant's; anyone else
 * is a user of the application.
 */
export type Who = string;

export interface Statement {
  sql: string;
  params?: JsonValue[];
}

export interface RawRequest {
  method?: string;
  /** Default: this database's `/query`. */
  path?: string;
  headers?: Record<string, string | string[]>;
  /** Default: a question for the caller's identity. */
  body?: string | Buffer;
}

// biome-ignore lint/suspicious/noExplicitAny: what comes back is what the tests are about.
export type Outcome = JsonAnswer<any>;

/** One of the application's databases. */
export interface Field {
  id: string;
  token: string;
  urls: DatabaseUrls;
  /** A request just as it is given: with headers of the attacker's own, and a body that need not be JSON. */
  raw(request: RawRequest): Promise<Answer>;
  /** One statement over HTTP; the SDK's client would send the same. */
  ask(who: Who, statement: string | Statement, signal?: AbortSignal): Promise<Outcome>;
  transaction(who: Who, statements: (string | Statement)[], options?: object): Promise<Outcome>;
  /** A request for an action that takes JSON: `records`, for example. */
  send(who: Who, action: string, body: object): Promise<Outcome>;
  /** The same in the manner of the Neon driver, with a token: several statements are a transaction. */
  sql(who: Who, statements: string | Statement | (string | Statement)[]): Promise<Outcome>;
  /** As the superuser of its server, which no attacker is; always in the same session. */
  lookInside<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Rows that are not alice's, in short: equal before and after. */
  digestRows(): Promise<unknown>;
  /** Every object, right and setting that there is. */
  digestCatalog(): Promise<unknown>;
}

/** Another tenant of the shared server. */
export interface Neighbour extends DatabaseUrls {
  id: string;
  token: string;
}

export interface Battlefield {
  postern: PosternHome;
  issuer: TestIssuer;
  fields: Record<Isolation, Field>;
  neighbour: Neighbour;
  tokenOf(subject: string, claims?: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

export const whoAsks = JSON.stringify({ sql: "select auth.uid() as uid" });

const application = new URL("../security/application.sql", import.meta.url);

export async function prepareBattlefield(): Promise<Battlefield> {
  const [postern, issuer] = await Promise.all([createPosternHome(), startTestIssuer()]);
  postern.environment.POSTERN_RATE_LIMIT = "off";
  await postern.start();
  const sessions: Promise<pg.Client>[] = [];
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (sub: string, claims: JWTPayload = {}) => issuer.sign({ sub, aud: "app", ...claims });
  const secretOf = async (who: Who, { id, token }: Pick<Field, "id" | "token">) => {
    if (who === "anon") return null;
    if (who === "owner") return token;
    if (who.startsWith("tenant ")) return tenantToken(id, who.slice("tenant ".length));
    if (!tokens.has(who)) tokens.set(who, tokenOf(who));
    return tokens.get(who)!;
  };
  const [shared, process, neighbour] = await Promise.all([
    prepareField("shared"),
    prepareField("process"),
    prepareNeighbour(),
  ]);
  return {
    postern,
    issuer,
    fields: { shared, process },
    neighbour,
    tokenOf,
    async close() {
      for (const session of sessions) await (await session).end();
      await postern.close();
      await issuer.close();
    },
  };

  async function create(name: string, isolation: Isolation) {
    const created = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name, isolation });
    return { created, urls: await urlsOf(created.id) };
  }

  async function tenantToken(id: string, tenant: string): Promise<string> {
    const key = `${id} ${tenant}`;
    if (!tokens.has(key))
      tokens.set(
        key,
        postern
          .api<CreatedToken>("POST", `/v1/databases/${id}/tokens`, { tenant })
          .then((created) => created.token),
      );
    return tokens.get(key)!;
  }

  function urlsOf(id: string): Promise<DatabaseUrls> {
    return postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
  }

  async function prepareNeighbour(): Promise<Neighbour> {
    const { created, urls } = await create("neighbour", "shared");
    await rowsOf(urls.direct, "create table secrets as select 'canary-neighbour' as secret");
    return { ...urls, id: created.id, token: created.token };
  }

  async function prepareField(isolation: Isolation): Promise<Field> {
    const { created, urls } = await create(`field-${isolation}`, isolation);
    const { id, token } = created;
    await rowsOf(urls.direct, await readFile(application, "utf8"));
    await postern.api("PUT", `/v1/databases/${id}/client-access`, { issuer: issuer.url, audience: "app" });
    // The one other server is this database's own.
    const server = isolation === "shared" ? "shared" : (await listInstanceFolders(postern.home))[0]!;
    const send = async (who: Who, action: string, body: object, signal?: AbortSignal): Promise<Outcome> =>
      daemonClient(postern)(`POST /v1/db/${id}/${action}`, {
        body,
        secret: await secretOf(who, created),
        ...(signal && { signal }),
      });
    const inside = connectAs({ config: { home: postern.home } }, server, urls.database, adminRole);
    sessions.push(inside);
    const lookInside = async <Row>(sql: string) => (await (await inside).query(sql)).rows as Row[];
    return {
      id,
      token,
      urls,
      raw: ({ method = "POST", path = `/v1/db/${id}/query`, headers = {}, body = whoAsks }) =>
        askHttp({
          port: Number(new URL(postern.apiUrl()).port),
          method,
          path,
          headers: { "content-type": "application/json", ...headers },
          ...(method === "GET" ? {} : { body }),
        }),
      send: (who, action, body) => send(who, action, body),
      ask: (who, statement, signal) => send(who, "query", asStatement(statement), signal),
      transaction: (who, statements, options = {}) =>
        send(who, "transaction", { statements: statements.map(asStatement), ...options }),
      async sql(who, statements) {
        const answer = await askHttp({
          port: Number(new URL(postern.apiUrl()).port),
          method: "POST",
          path: "/sql",
          headers: {
            authorization: `Bearer ${await secretOf(who, created)}`,
            "neon-connection-string": `postgresql://authenticated@${id}.localhost/${urls.database}`,
          },
          body: JSON.stringify(
            Array.isArray(statements) ? { queries: statements.map(asNeon) } : asNeon(statements),
          ),
        });
        return { ...answer, body: JSON.parse(answer.text) };
      },
      lookInside,
      digestRows: async () => (await lookInside(rowsSql))[0],
      digestCatalog: async () => (await lookInside(catalogSql))[0],
    };
  }
}

const asStatement = (statement: string | Statement): Statement =>
  typeof statement === "string" ? { sql: statement } : statement;

function asNeon(statement: string | Statement) {
  const { sql, params = [] } = asStatement(statement);
  return { query: sql, params };
}

const asked = (table: string, condition = "true") =>
  `(select md5(string_agg(t::text, '|' order by t::text)) from ${table} t where ${condition}) as ${table}`;

/** Rows of alice's and of acme's are theirs to change. */
const rowsSql = `select ${[
  asked("todos", "user_id <> 'alice'"),
  asked("notes", "user_id <> 'alice'"),
  asked("orders", "tenant_id <> 'acme'"),
  ...["posts", "vault", "people", "report"].map((table) => asked(table)),
].join()}`;

const listed = (catalog: string, what: string, condition = "true") =>
  `(select md5(string_agg(concat_ws(' ', ${what}), '|' order by c::text)) from ${catalog} c where ${condition}) as ${catalog}`;

/** Sequences of temporary tables and their like come and go with functions that make them. */
const catalogSql = `select ${[
  listed(
    "pg_class",
    "oid, relname, relacl, relowner, relrowsecurity",
    "relnamespace::regnamespace::text !~ '^pg_(toast|temp)'",
  ),
  listed("pg_attribute", "attrelid, attname, attacl", "attacl is not null"),
  listed("pg_proc", "oid, proname, proacl, prosrc, proowner"),
  listed("pg_namespace", "oid, nspname, nspacl, nspowner", "nspname !~ '^pg_(toast_)?temp'"),
  listed("pg_policy", "oid, polname, polcmd, polroles, polqual, polwithcheck"),
  listed("pg_authid", "c"),
  listed("pg_auth_members", "c"),
  listed("pg_database", "oid, datname, datacl, datdba"),
  listed("pg_db_role_setting", "c"),
  listed("pg_default_acl", "c"),
  listed("pg_largeobject_metadata", "c"),
  listed("pg_trigger", "oid, tgname, tgenabled"),
  listed("pg_event_trigger", "c"),
  listed("pg_postern.mac_key", "c").replace(/as \S+$/, "as mac_key"),
].join()}`;
