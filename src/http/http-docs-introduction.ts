/** In charge of what the document of the HTTP API says before its reference. */

export const httpDocsIntroduction = `<!-- Written by \`npm run docs\` from the routes and their schemas. -->
# HTTP API

The daemon serves two planes on one port (5480 unless configured): the **data plane** runs SQL on one database, the
**control plane** makes and looks after databases. Bodies are JSON in UTF-8, names in snake_case, times RFC 3339 in UTC.
\`GET /openapi.json\` is the same reference as OpenAPI 3.1, generated from the schemas that check every request.

## Addresses

A database answers SQL at its own host, \`http://db-<12 hex>.<domain>:<port>/query\`, and under \`/v1/db/<id>/query\` at the API's
address, for clients whose resolver does not know names below \`localhost\`. A database's host serves nothing else. Requests of
the control plane must come with a \`Host\` that is a loopback name or Postern's own, so that no web page can reach it by
rebinding a name.

## Credentials

\`Authorization: Bearer <secret>\`, and nowhere else. The secret is an account's API key (\`pk_…\`) or a database's token (64 hex digits).
A token opens its own database only: the data plane, and the routes of the control plane that say so. Something that a caller may
not see does not exist for it (404). Missing credentials are \`Y2001\`, wrong ones \`Y2002\`; both are 401.

## SQL over HTTP

\`\`\`sh
curl -s "$DATABASE_HTTP_URL/query" -H "Authorization: Bearer $DATABASE_TOKEN" -H "content-type: application/json" \\
  -d '{"sql": "SELECT id, name FROM users WHERE id = $1", "params": [42]}'
# {"rows":[{"id":42,"name":"Alice"}],"fields":[{"name":"id","type_oid":23,"type":"int4"},…],"row_count":1}
\`\`\`

| route | body | answer |
|---|---|---|
| \`POST /query\` | \`{"sql", "params"?}\` | \`{"rows", "fields", "row_count"}\` |
| \`POST /execute\` | \`{"sql", "params"?}\` | \`{"rows_affected"}\`, with RETURNING also \`rows\`, \`fields\` |
| \`POST /transaction\` | \`{"statements": [{"sql", "params"?}], "isolation_level"?, "read_only"?, "deferrable"?}\` | \`{"results": [{"rows", "fields", "rows_affected"}]}\`: all or nothing |

One statement per \`sql\`; parameters are \`$1\` to \`$n\`. No state of a session outlives a request: settings, temporary tables, locks, prepared
statements and roles are gone before another request gets the connection. BEGIN, COMMIT and their like are refused (\`Y1007\`), as is COPY
(\`Y1011\`). When the client goes away, its statement is canceled.

**Values.** bool, int2, int4 and floats are JSON values (NaN and infinities are strings); int8 and numeric are strings, so that nothing is
rounded; json and jsonb are embedded; arrays are arrays; everything else is Postgres's text form; NULL is null. Of two columns
with one name the last wins; \`?rows=array\` gives arrays of values instead. Parameters: strings are taken as the value's text, objects as JSON,
arrays as a Postgres array where the parameter is one, else as JSON.

**Limits.** Body 10 MiB, answer 64 MiB (\`Y1008\`, 507), 100 statements a transaction, 30 s a statement (\`Y1009\`, 504), 16 connections a database; a
thousand requests may wait for one (\`Y4004\`, 503).

## Errors

\`{"code", "message", "detail"?, "hint"?, "position"?, "statement_index"?, "request_id"}\`; see [errors.md](errors.md). SQL errors and bad requests are
400, then 401, 403, 404, 409 (in conflict, not ready), 413, 429, 503 with \`retry-after\`, 504, 507.

Every answer carries \`x-request-id\`: the request's own if it has one, else a new one. With \`server-timing: ?1\` on a request the answer says how
long its stages took.

## Operations

Work of several steps answers 202 with an operation (\`op-…\`). \`GET /v1/operations/:id?wait=20\` answers when it has ended, or after so many seconds
(at most 30); \`GET /v1/operations/:id/events\` streams every change as server-sent events. An operation survives the daemon: a restarted one finishes
it, or undoes it.
`;
