/** In charge of the SQL inside a DO block: the statements that it runs as they stand, not those that it puts together. */
import { type Statement, splitStatements } from "./split-statements.ts";

/** Their places are those in the whole text. A block that is not PL/pgSQL has none. */
export async function parseBlock(block: Statement): Promise<Pick<Statement, "node" | "startByte">[]> {
  const { parsePlPgSQL } = await import("libpg-query");
  const tree = await parsePlPgSQL(block.text).catch(() => undefined);
  const parts: Pick<Statement, "node" | "startByte">[] = [];
  let from = 0;
  for (const query of queriesIn(tree)) {
    const statements = await splitStatements(query).catch(() => []);
    const at = Math.max(block.text.indexOf(query, from), from);
    from = at;
    const startByte = block.startByte + Buffer.byteLength(block.text.slice(0, at));
    parts.push(...statements.map(({ node }) => ({ node, startByte })));
  }
  return parts;
}

function queriesIn(tree: unknown, found: string[] = []): string[] {
  if (typeof tree !== "object" || tree === null) return found;
  for (const [key, value] of Object.entries(tree)) {
    if (key === "PLpgSQL_stmt_execsql")
      found.push((value as { sqlstmt: { PLpgSQL_expr: { query: string } } }).sqlstmt.PLpgSQL_expr.query);
    else queriesIn(value, found);
  }
  return found;
}
