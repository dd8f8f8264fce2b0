/** In charge of what the document on HTTP says before its list of routes. */

export const httpDocsIntroduction = `# HTTP API

Postern speaks HTTP in two planes, on one port (5480 unless \`POSTERN_HTTP_PORT\` says otherwise):

- the **data plane** runs SQL on one database: \`/query\`, \`/execute\`, \`/transaction\`, and \`/sql\` and \`/v2\` for the Neon serverless driver;
- the **control plane** below \`/v1/\` makes databases, migrates, backs up and restores them.

\`GET /openapi.json\` is the same reference for machines, in OpenAPI 3.1.

## Where

A database's data plane is at its own host, \`http://db-<12 hex digits>.<domain>:<port>\`, which \`http_url\` shows; the domain is \`localhost\`
unless \`POSTERN_DOMAIN\` says otherwise. For clients that cannot resolve that name the same routes are at
\`http://localhost:5480/v1/db/<id>/…\`, and \`DATABASE_HTTP_URL\` of \`postern run\` and \`postern vars\` is that where this machine cannot. The control plane answers at loopback addresses and at the domain itself, and under no other host name.

## Who

Every request but a few carries \`Authorization: Bearer <secret>\`:

| secret | looks like | opens |
|---|---|---|
| API key of an account | \`pk_…\` | the control plane: an administrator's for all databases, a member's for its own |
| token of a database | 64 hex digits | that database's data plane, and of the control plane its description, URLs, migrations, backups and operations |
| read-only token of a database | 64 hex digits | SQL over HTTP that reads, the database's description and its applied migrations |
| JWT of an application's user | three parts with points between | in client mode, the database's data plane as far as grants and row security let that user; without any \`Authorization\`: as \`anon\` |

The first two are shown once, when they are made; Postern keeps hashes only. What belongs to another account is
answered as if it did not exist (404); the data plane answers a wrong token and an unknown database alike (401).

## SQL over HTTP

\`\`\`sh
curl "$DATABASE_HTTP_URL/query" -H "authorization: Bearer $DATABASE_TOKEN" -H "content-type: application/json" \\
  -d '{"sql": "select id, email from users where id = any($1)", "params": [[1, 2]]}'
\`\`\`
\`\`\`json
{"rows": [{"id": 1, "email": "a@example.com"}], "fields": [{"name": "id", "type_oid": 23, "type": "int4"}, {"name": "email", "type_oid": 25, "type": "text"}], "row_count": 1}
\`\`\`

\`/execute\` is for statements that change something. It answers \`rows\` and \`fields\` only for a statement that returns rows:

\`\`\`sh
curl "$DATABASE_HTTP_URL/execute" -H "authorization: Bearer $DATABASE_TOKEN" -H "content-type: application/json" \\
  -d '{"sql": "update users set email = $1 where id = $2", "params": ["b@example.com", 1]}'
\`\`\`
\`\`\`json
{"rows_affected": 1}
\`\`\`

\`/transaction\` runs its statements in order, and all of them take effect or none. An error says which of them failed, counted from 0, in
\`statement_index\`:

\`\`\`sh
curl "$DATABASE_HTTP_URL/transaction" -H "authorization: Bearer $DATABASE_TOKEN" -H "content-type: application/json" \\
  -d '{"isolation_level": "serializable", "statements": [
        {"sql": "update accounts set balance = balance - $1 where id = $2", "params": [10, 1]},
        {"sql": "update accounts set balance = balance + $1 where id = $2", "params": [10, 2]}]}'
\`\`\`
\`\`\`json
{"results": [{"rows": [], "fields": [], "rows_affected": 1}, {"rows": [], "fields": [], "rows_affected": 1}]}
\`\`\`

Each \`sql\` is one statement. \`BEGIN\`, \`COMMIT\` and their like are refused (Y1007), as is \`COPY\` to or from the client (Y1011). No
request sees the settings, temporary tables or locks of an earlier one.

### Values

| Postgres | JSON in an answer |
|---|---|
| bool | \`true\`, \`false\` |
| int2, int4, float4, float8 | a number; \`"NaN"\`, \`"Infinity"\` and \`"-Infinity"\` as strings |
| int8, numeric | a string, so that nothing is rounded |
| json, jsonb | the value itself |
| arrays | arrays, by the type of their elements |
| everything else | a string in Postgres's own form: \`"2026-01-31 12:00:00+00"\`, \`"\\\\x00ff"\` |
| NULL | \`null\` |

A parameter that is a string is taken as Postgres's text form of whatever type is wanted there; numbers and booleans likewise. An array becomes
an array where an array is wanted, and JSON elsewhere; an object becomes JSON.

Of two columns with one name the last one is in \`rows\`. With \`?rows=array\` each row is an array of values and none is lost.

### Answers of any size

\`/query\` with \`accept: application/x-ndjson\` sends the rows as they come from Postgres, a line of JSON each. There is no limit on how many,
and neither Postern nor Postgres keeps them: who reads slowly makes the statement wait.

\`\`\`sh
curl -N "$DATABASE_HTTP_URL/query" -H "authorization: Bearer $DATABASE_TOKEN" -H "content-type: application/json" \\
  -H "accept: application/x-ndjson" -d '{"sql": "select id, email from users"}'
\`\`\`
\`\`\`json
{"fields": [{"name": "id", "type_oid": 23, "type": "int4"}, {"name": "email", "type_oid": 25, "type": "text"}]}
{"row": {"id": 1, "email": "a@example.com"}}
{"row": {"id": 2, "email": "b@example.com"}}
{"row_count": 2}
\`\`\`

Each line has one member. The last one is \`row_count\`, which says that everything is there and committed, or \`error\`, with what every error has.
What fails before the first line has left is answered with its own status, as usual. An answer that ends without either has been cut off.

A stream may take ten minutes (a client's one), each row may be as large as other answers may, and Postgres may say nothing for as long as
statements may run. Nobody reading for 30 s ends it (Y1030). Two streams of one database run at a time in each worker; further ones wait for up to 10 s.

### Limits

| | |
|---|---|
| body of a request | 10 MiB (Y1004, 413); elsewhere 1 MiB, and 32 MiB for migrations |
| answer | 64 MiB (Y1008, 507); [as lines](#answers-of-any-size) without a limit |
| answers that wait for their readers | 256 MiB in each process, half of it for one database (Y1040, 503); whoever takes nothing for 30 s, or less than 16 KiB a second, is cut off |
| statements in one transaction | 100 (Y1010) |
| time of a statement | 30 s (Y1009, 504) |
| sessions on one database | 16; further requests wait for up to 10 s (Y4004, 503) |

A client that closes its connection cancels its statement. For an application's users there are [tighter limits](client-mode.md#limits).

## The Neon serverless driver

\`@neondatabase/serverless\`, and what is built on it, works with the database's pooled URL. For a Postern on this machine the driver has to be told
where it is:

\`\`\`js
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import ws from "ws"; // before Node 22

neonConfig.fetchEndpoint = () => process.env.DATABASE_HTTP_URL + "/sql";
neonConfig.wsProxy = () => new URL(process.env.DATABASE_HTTP_URL).host + "/v2";
neonConfig.useSecureWebSocket = false;
neonConfig.webSocketConstructor = ws;

const sql = neon(process.env.DATABASE_URL);
const users = await sql\`select * from users where id = \${1}\`;
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
\`\`\`

\`neon()\` sends each query, or the queries of one \`transaction()\`, to \`POST /sql\`, on any host name of Postern's: the database is the one that the
connection string names. The password in it is checked against what Postgres holds at that moment, at most a second old; with \`authToken\` the
database's token goes before the password. Rules and limits are those of the other routes, but every error that Postgres has a code for is a 400,
because the driver reads no others. Pages of every
origin that \`POSTERN_CORS_ORIGINS\` admits (all, unless it names some) may call \`/sql\`.

Node asks the system's resolver, and not every system knows the names below \`localhost\`: \`http://127.0.0.1:5480/sql\` and
\`127.0.0.1:5480/v2\` do as well. [clients.md](clients.md) lists the clients that are tested.

\`Pool\` and \`Client\` speak Postgres's protocol over a WebSocket at \`/v2\`, which leads to the pooler: transactions work, \`LISTEN\` and session state
need the direct URL. The password travels inside in clear text, so unencrypted \`ws://\` is accepted from this machine only (Y1021). A WebSocket that
breaks off ends its session and cancels the statement that runs in it.

## Operations

Work that takes longer is accepted with status 202 and an operation (\`op-…\`), which goes on whatever becomes of the client or the daemon.
Three ways to learn its end:

- \`GET /v1/operations/{id}?wait=30\` answers at its end, or after that many seconds as it then is: repeat it while \`status\` is
  \`pending\` or \`running\`;
- \`GET /v1/operations/{id}/events\` sends the whole operation at each change, as server-sent events;
- \`POST /v1/databases\` waits by itself, unless \`?wait=false\`.

A \`failed\` operation has an \`error\`, and may have a \`result\` as well: that of migrations says what was applied before the failure, and
which line of which file failed.

\`\`\`json
{"status": "failed", "error": {"code": "Y5002", …}, "result": {"total": 2, "already_applied": 0, "applied": 1, "migrations": [
  {"name": "001_users.sql", "outcome": "applied", "duration_ms": 12, …},
  {"name": "002_orders.sql", "outcome": "failed", "error": {"code": "42703", "file": "002_orders.sql", "line": 7, "column": 12, "line_text": "…", …}, …}], …}}
\`\`\`

A new database, waited for:

\`\`\`sh
curl http://localhost:5480/v1/databases -H "authorization: Bearer $POSTERN_API_KEY" -H "content-type: application/json" -d '{"name": "shop"}'
\`\`\`

## Errors

\`\`\`json
{"code": "42P01", "message": "relation \\"userz\\" does not exist", "position": 15, "request_id": "req-…"}
\`\`\`

Decide by \`code\`: a SQLSTATE when Postgres refused, \`Y\` and four digits when Postern did. [errors.md](errors.md) lists them all.

| status | meaning |
|---|---|
| 400 | the request is wrong, or Postgres refused the SQL |
| 401, 403 | no valid credentials; not with these credentials |
| 404, 405 | there is no such thing; not with this method |
| 408, 413 | the request came too slowly; its body is too large |
| 409 | not in the present state: a name is taken, a database is being restored |
| 429 | too many requests, or attempts to log in; \`retry-after\` says how long to wait |
| 500 | Postern's fault; the log has it under the request's id |
| 503 | not reachable now; try again |
| 504, 507 | it took too long; the answer is too large, or a disk is full |

## Headers

\`x-request-id\` is taken from the request if it has at most 128 letters, digits and \`. _ : -\`, and made up otherwise. Every answer carries it,
every error shows it, and the log has it.

A request of the data plane with \`server-timing: ?1\` is answered with how many milliseconds each stage took:
\`server-timing: auth;dur=0.041, read;dur=0.120, query;dur=0.873\`.
`;
