/** In charge of statements that are easily regretted: what a terminal asks about before it sends them. */
import { readTokens } from "./read-tokens.ts";

/** What would happen, for people; undefined: nothing to ask about. */
export function findDanger(sql: string): string | undefined {
  const words = readWords(sql);
  const [first, second] = words;
  if (first?.text === "DROP") return `This drops ${named(words, sql)}.`;
  if (first?.text === "TRUNCATE") return `This empties ${named(words, sql)}.`;
  if (
    first?.text === "ALTER" &&
    words.some(({ text }, at) => text === "DROP" && words[at + 1]?.text === "COLUMN")
  )
    return "This drops a column with all that is in it.";
  const isPlan = first?.text === "EXPLAIN" && !/\banaly[sz]e\b/i.test(sql);
  if (isPlan || !first || !["UPDATE", "DELETE", "WITH", "EXPLAIN"].includes(first.text)) return undefined;
  for (const [at, { text, depth }] of words.entries()) {
    const isDelete = text === "DELETE" && words[at + 1]?.text === "FROM";
    const isUpdate =
      text === "UPDATE" &&
      (at === 0 || second !== undefined) &&
      !/^(DO|FOR|ON|KEY)$/.test(words[at - 1]?.text ?? "");
    if (!isDelete && !isUpdate) continue;
    const rest = words.slice(at + 1);
    const end = rest.findIndex((word) => word.depth < depth);
    const own = end === -1 ? rest : rest.slice(0, end);
    if (own.some((word) => word.text === "WHERE" && word.depth === depth)) continue;
    return `This ${isDelete ? "deletes" : "changes"} every row: there is no WHERE.`;
  }
  return undefined;
}

interface Word {
  text: string;
  depth: number;
}

function readWords(sql: string): Word[] {
  let depth = 0;
  return readTokens(sql).flatMap(({ kind, start, end }) => {
    const text = sql.slice(start, end);
    if (text === "(") depth += 1;
    if (text === ")") depth -= 1;
    if (kind === "name") return [{ text, depth }];
    return kind === "word" ? [{ text: text.toUpperCase(), depth }] : [];
  });
}

/** `table users`: as it was written, without what comes behind the name. */
function named(words: readonly Word[], sql: string): string {
  const skipped = /^(TABLE|IF|EXISTS|ONLY|CONCURRENTLY)$/;
  const name = words.slice(1).find(({ text }) => !skipped.test(text));
  if (!name) return "it";
  const kind = words[0]!.text === "DROP" ? `${words[1]!.text.toLowerCase()} ` : "";
  const object = words[0]!.text === "DROP" ? words.slice(2).find(({ text }) => !skipped.test(text)) : name;
  if (!object) return "it";
  const written = sql.slice(sql.toUpperCase().indexOf(object.text)).slice(0, object.text.length);
  return `${kind}${object.text.startsWith('"') ? object.text : written}`;
}
