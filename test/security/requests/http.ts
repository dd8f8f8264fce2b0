/** Requests that are not what they seem: bad credentials, tokens in the wrong place, broken framing, broken bodies, foreign hosts. */
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import {
  type Battlefield,
  type Field,
  isolations,
  type RawRequest,
  whoAsks,
} from "../../support/battlefield.ts";

/** `@` stands for a good token of alice's. */
type Attack = [
  what: string,
  request: (field: Field) => RawRequest,
  end: number | readonly number[] | "nobody",
];

const withAuthorization = (value: string | string[]): Attack => [
  `Authorization: ${String(value).slice(0, 60)}`,
  () => ({ headers: { authorization: value } }),
  Array.isArray(value) ? 400 : 401,
];

/** None of these may be taken for a caller without a token. */
const badCredentials: Attack[] = [
  ...["", "Bearer", "Bearer ", "Basic cG9zdGVybjpwb3N0ZXJu", "Token @", "Bearer null", "Bearer undefined"],
  ...[
    "@",
    "Bearer @ @",
    "Bearer @,Bearer @",
    "Bearer @;",
    "Bearer=@",
    "Bearer @.",
    "Bearer .@",
    'Bearer "@"',
  ],
  ...["Digest username=bob", "Bearer\t@", "BearerX @", "Bearer anon", "Bearer [object Object]"],
  ["Bearer @", "Bearer @"],
  ["Bearer @", "Basic x"],
].map(withAuthorization);

const asked =
  (path: (id: string) => string, headers: Record<string, string> = {}) =>
  (field: Field): RawRequest => ({
    path: path(field.id),
    headers,
  });
const query = (id: string) => `/v1/db/${id}/query`;

/** A token counts in one place only; elsewhere its sender is nobody. */
const elsewhere: Attack[] = [
  ["a token in the query of the address", asked((id) => `${query(id)}?rows=object&token=@`), [400, 200]],
  ["a token as access_token", asked((id) => `${query(id)}?access_token=@`), [400, 200]],
  ["a token in a cookie", asked(query, { cookie: "token=@; authorization=Bearer @" }), "nobody"],
  ["a token in X-Authorization", asked(query, { "x-authorization": "Bearer @" }), "nobody"],
  ["a token in Proxy-Authorization", asked(query, { "proxy-authorization": "Bearer @" }), "nobody"],
  ["a token in apikey", asked(query, { apikey: "@" }), "nobody"],
  [
    "a token in the name of a WebSocket's protocol",
    asked(query, { "sec-websocket-protocol": "bearer, @" }),
    "nobody",
  ],
  ["a user in X-Forwarded-User", asked(query, { "x-forwarded-user": "bob", "x-user-id": "bob" }), "nobody"],
  ["claims in a header", asked(query, { "request.jwt.claims": '{"sub":"bob"}' }), "nobody"],
  ["a role in a header", asked(query, { role: "postern_admin", "x-postern-role": "owner" }), "nobody"],
  [
    "a token in the body",
    () => ({ body: '{"sql":"select auth.uid() as uid","authorization":"Bearer @"}' }),
    400,
  ],
  ["a user in the body", () => ({ body: '{"sql":"select auth.uid() as uid","claims":{"sub":"bob"}}' }), 400],
  ["a role in the body", () => ({ body: '{"sql":"select auth.uid() as uid","role":"postern_admin"}' }), 400],
];

const body = (what: string, text: string | Buffer, end: Attack[2] = 400): Attack => [
  what,
  () => ({ body: text }),
  end,
];
const typed = (type: string | string[]): Attack => [
  `content type ${type}`,
  () => ({ headers: { "content-type": type } }),
  [400, 415],
];

const bodies: Attack[] = [
  ...["", "null", "[]", "1", '"select 1"', "{", "{sql:1}", "{'sql':'select 1'}", "undefined", "{}"].map(
    (text) => body(`body ${text || "without anything"}`, text),
  ),
  body("SQL that is a number", '{"sql":1}'),
  body("SQL that is a list", '{"sql":["select 1"]}'),
  body("SQL that is an object", '{"sql":{"text":"select 1"}}'),
  body("no SQL", '{"sql":""}'),
  body("parameters that are no list", '{"sql":"select $1","params":{"0":1,"length":1}}'),
  body("fields that nobody knows", '{"sql":"select 1","mode":"simple"}'),
  body("a prototype", '{"sql":"select 1","__proto__":{"kind":"owner"}}'),
  body("a constructor", '{"sql":"select 1","constructor":{"prototype":{"kind":"owner"}}}'),
  body("NUL in SQL", '{"sql":"select 1\\u0000; set role none"}'),
  body("half a character in SQL", '{"sql":"select \'\\ud800\'"}'),
  body("NUL in a parameter", '{"sql":"select $1","params":["a\\u0000b"]}'),
  body(
    "what is no UTF-8",
    Buffer.concat([Buffer.from('{"sql":"select \''), Buffer.from([0xc0, 0xaf]), Buffer.from("'\"}")]),
  ),
  body(
    "a surrogate in UTF-8",
    Buffer.concat([Buffer.from('{"sql":"select \''), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from("'\"}")]),
  ),
  body("UTF-16", Buffer.from(whoAsks, "utf16le")),
  body("two bodies", whoAsks + whoAsks),
  body(
    "a list nested 100000 deep",
    `{"sql":"select $1::text","params":[${"[".repeat(100_000)}${"]".repeat(100_000)}]}`,
    400,
  ),
  body(
    "an object nested 100000 deep",
    `{"sql":"select $1::jsonb","params":[${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}]}`,
    400,
  ),
  body("a number without end", '{"sql":"select $1::text as uid","params":[1e999]}', [200, 400]),
  body(
    "32768 parameters",
    JSON.stringify({ sql: "select 1", params: Array.from({ length: 32_768 }, () => 1) }),
  ),
  body("a parameter that nobody asked for", '{"sql":"select 1","params":[1,2]}'),
  body("a parameter number without end", '{"sql":"select $99999999999"}'),
  body("more than a megabyte", JSON.stringify({ sql: `select '${"x".repeat(1024 * 1024)}'` }), 413),
  [
    "more than a megabyte of a user's",
    () => ({
      headers: { authorization: "Bearer @" },
      body: JSON.stringify({ sql: `select '${"x".repeat(1024 * 1024)}'` }),
    }),
    413,
  ],
  [
    "a compressed body",
    () => ({ headers: { "content-encoding": "gzip" }, body: gzipSync(whoAsks) }),
    [400, 415],
  ],
  typed("text/plain"),
  typed("application/x-www-form-urlencoded"),
  typed("multipart/form-data; boundary=x"),
  typed("application/xml"),
  typed("text/plain; application/json"),
  [
    "21 statements",
    (field) => ({
      path: `/v1/db/${field.id}/transaction`,
      body: JSON.stringify({ statements: Array.from({ length: 21 }, () => ({ sql: "select 1" })) }),
    }),
    400,
  ],
  [
    "no statement at all",
    (field) => ({ path: `/v1/db/${field.id}/transaction`, body: '{"statements":[]}' }),
    [200, 400],
  ],
  [
    "an isolation level that is SQL",
    (field) => ({
      path: `/v1/db/${field.id}/transaction`,
      body: '{"statements":[{"sql":"select 1"}],"isolation_level":"serializable; set role none"}',
    }),
    400,
  ],
];

const user = { authorization: "Bearer @" };
const elseWhere = (
  what: string,
  method: string,
  path: (id: string) => string,
  headers: Record<string, string> = user,
  text = whoAsks,
): Attack => [
  what,
  (field) => ({ method, path: path(field.id), headers, body: text }),
  [400, 401, 403, 404, 405, 415, 421, 426],
];

/** A user's token opens the data of one database and nothing else. */
const paths: Attack[] = [
  elseWhere("the list of databases", "GET", () => "/v1/databases"),
  elseWhere("the list of databases, as nobody", "GET", () => "/v1/databases", {}),
  elseWhere("the database's own record", "GET", (id) => `/v1/databases/${id}`),
  elseWhere("its addresses and passwords", "GET", (id) => `/v1/databases/${id}/urls`),
  elseWhere("its backups", "GET", (id) => `/v1/databases/${id}/backups`),
  elseWhere("making a backup", "POST", (id) => `/v1/databases/${id}/backups`, user, "{}"),
  elseWhere("destroying it", "DELETE", (id) => `/v1/databases/${id}`),
  elseWhere("switching its client access off", "DELETE", (id) => `/v1/databases/${id}/client-access`),
  elseWhere(
    "another issuer for it",
    "PUT",
    (id) => `/v1/databases/${id}/client-access`,
    user,
    '{"issuer":"https://evil.example.com"}',
  ),
  elseWhere(
    "a test as another user",
    "POST",
    (id) => `/v1/databases/${id}/rls/test`,
    user,
    '{"sql":"select 1","as":"bob"}',
  ),
  elseWhere("its migrations", "POST", (id) => `/v1/databases/${id}/migrations`, user, "{}"),
  elseWhere("the numbers of the service", "GET", () => "/metrics"),
  elseWhere("the way up", "POST", (id) => `/v1/db/${id}/../../databases/${id}/urls`),
  elseWhere("the way up, written in percents", "POST", (id) => `/v1/db/${id}/%2e%2e/%2e%2e/databases`),
  elseWhere("a slash too many", "GET", () => "//v1/databases"),
  elseWhere("another method by its header", "POST", (id) => `/v1/databases/${id}`, {
    ...user,
    "x-http-method-override": "DELETE",
  }),
  elseWhere("another path by its header", "POST", () => "/", {
    ...user,
    "x-original-url": "/v1/databases",
    "x-rewrite-url": "/v1/databases",
  }),
  elseWhere("GET of a statement", "GET", query),
  elseWhere("PUT of a statement", "PUT", query),
  elseWhere("TRACE", "TRACE", query),
  elseWhere("an id that is a pattern", "POST", () => query("db-%25"), {}),
  elseWhere("an id in capitals", "POST", (id) => query(id.toUpperCase()), {}),
  elseWhere("an id with a line feed", "POST", (id) => query(`${id}%0a`), {}),
  elseWhere("an id that is SQL", "POST", () => query("db-'%20or%20true--"), {}),
  elseWhere("a database that does not exist", "POST", () => query("db-000000000000"), {}),
  elseWhere("a foreign host", "GET", () => "/v1/databases", { host: "evil.example.com" }),
  elseWhere("a database's host for the control plane", "GET", (id) => `/v1/databases/${id}`, {
    ...user,
    host: "db-000000000000.localhost",
  }),
  elseWhere("a host that only begins like a database's", "POST", () => "/query", {
    host: "db-000000000000.localhost.evil.com",
  }),
  elseWhere("a host that hides a user", "POST", () => "/query", {
    host: "db-000000000000.localhost@evil.com",
  }),
  elseWhere("a forwarded host", "POST", () => "/query", { "x-forwarded-host": "db-000000000000.localhost" }),
];

export function confuseRequests(battlefield: () => Battlefield): void {
  attackClass("Confusing HTTP", isolations, (isolation) => {
    for (const [what, request, end] of [...badCredentials, ...elsewhere, ...bodies, ...paths])
      attackIt(what, () => tryRequest(battlefield(), battlefield().fields[isolation], request, end));
  });
}

async function tryRequest(battlefield: Battlefield, field: Field, request: Attack[1], end: Attack[2]) {
  const token = await battlefield.tokenOf("alice");
  const filled = JSON.parse(JSON.stringify(request(field), keepBuffers).replaceAll("@", token), bringBuffers);
  // The direct way and the framework's.
  for (const headers of [{}, { "server-timing": "1" }]) {
    const {
      status,
      text,
      headers: answered,
    } = await field.raw({ ...filled, headers: { ...filled.headers, ...headers } });
    expect(text).not.toMatch(/canary|at .*\.(ts|js):\d|node_modules/);
    expect([answered["x-powered-by"], answered.server, answered["access-control-allow-credentials"]]).toEqual(
      [undefined, undefined, undefined],
    );
    if (status === 200 && end === "nobody") expect(JSON.parse(text).rows).toEqual([{ uid: null }]);
    expect(end === "nobody" ? [200] : [end].flat(), text.slice(0, 300)).toContain(status);
    if (status === 200) expect(text).not.toMatch(/alice|bob/);
    else
      expect(Object.keys(JSON.parse(text)).sort().join()).toMatch(
        /^code(,detail)?(,hint)?,message(,position)?(,request_id)?$/,
      );
  }
  expect((await field.ask("owner", "select 1 as alive")).body.rows).toEqual([{ alive: 1 }]);
}

const keepBuffers = (_key: string, value: unknown) => value;
const bringBuffers = (_key: string, value: { type?: string; data?: number[] } | null) =>
  value?.type === "Buffer" ? Buffer.from(value.data!) : value;
