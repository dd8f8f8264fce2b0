// SQL over HTTP: no driver, no pool, nothing to close. It needs DATABASE_HTTP_URL and DATABASE_TOKEN, which is for servers only.

/** One SELECT. */
export async function query(sql, ...params) {
  const { rows } = await post("query", { sql, params });
  return rows;
}

/** One INSERT, UPDATE or DELETE: its rows where it has RETURNING, and how many were changed. */
export function execute(sql, ...params) {
  return post("execute", { sql, params });
}

/** All of them take effect, or none. @param statements pairs of SQL and its parameters */
export async function transaction(...statements) {
  const { results } = await post("transaction", {
    statements: statements.map(([sql, ...params]) => ({ sql, params })),
  });
  return results;
}

async function post(route, body) {
  const res = await fetch(`${process.env.DATABASE_HTTP_URL}/${route}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${process.env.DATABASE_TOKEN}`,
    },
    body: JSON.stringify(body),
  });
  const answer = await res.json();
  if (res.ok) return answer;
  // The code is Postgres's own where Postgres refused the statement: 23505 for a value that is there already.
  throw Object.assign(new Error(answer.message), { code: answer.code, requestId: answer.request_id });
}
