/**
 * In charge of what anyone would write in an afternoon, to measure Postern against: node:http, a `pg` pool, JSON.stringify.
 * Argument: the pool's options as JSON; prints the port it listens on.
 */
import { createServer } from "node:http";
import pg from "pg";

interface Statement {
  sql: string;
  params?: unknown[];
}

const pool = new pg.Pool(JSON.parse(process.argv[2]!));

const answerOf = (result: pg.QueryResult) => ({
  rows: result.rows,
  fields: result.fields.map((field) => ({ name: field.name, type_oid: field.dataTypeID })),
  row_count: result.rowCount,
});

async function transaction(statements: Statement[]) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const results = [];
    for (const { sql, params } of statements) results.push(answerOf(await client.query(sql, params)));
    await client.query("commit");
    return { results };
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

async function answer(path: string, body: string): Promise<unknown> {
  const request = JSON.parse(body);
  if (path === "/transaction") return transaction(request.statements);
  return answerOf(await pool.query(request.sql, request.params));
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    let status = 200;
    const body = await answer(request.url!, Buffer.concat(chunks).toString()).catch((error: Error) => {
      status = 400;
      return { message: error.message };
    });
    const bytes = Buffer.from(JSON.stringify(body));
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
    response.end(bytes);
  });
});

server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
