/** In charge of finding the statements in what is written in the editor, and the one that the cursor is in. */
export interface Statement {
  from: number;
  to: number;
  text: string;
}

/** Quotes, dollar quotes, comments and BEGIN ATOMIC bodies may hold semicolons that end nothing. */
const pieces =
  /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|--[^\n]*|\/\*|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|;/g;

export function splitStatements(source: string): Statement[] {
  const found: Statement[] = [];
  let start = 0;
  pieces.lastIndex = 0;
  for (let match = pieces.exec(source); match; match = pieces.exec(source)) {
    const [piece] = match;
    if (piece === "/*") pieces.lastIndex = endOfComment(source, pieces.lastIndex);
    else if (piece.startsWith("$")) {
      const end = source.indexOf(piece, pieces.lastIndex);
      pieces.lastIndex = end < 0 ? source.length : end + piece.length;
    } else if (
      piece.startsWith("'") &&
      /(^|[^\w$])[eE]$/.test(source.slice(Math.max(0, match.index - 2), match.index))
    )
      pieces.lastIndex = endOfEscaped(source, match.index + 1);
    else if (piece === ";") {
      add(found, source, start, match.index);
      start = match.index + 1;
    }
  }
  add(found, source, start, source.length);
  return found;
}

/** Comments nest. */
function endOfComment(source: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 1;
  for (let match = marks.exec(source); match; match = marks.exec(source)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return source.length;
}

function endOfEscaped(source: string, from: number): number {
  const rest = /(?:[^'\\]|\\[\s\S]|'')*'?/y;
  rest.lastIndex = from;
  rest.exec(source);
  return rest.lastIndex;
}

function add(found: Statement[], source: string, from: number, to: number): void {
  const whole = source.slice(from, to);
  const bare = whole.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim();
  if (bare === "") return;
  const lead = whole.length - whole.trimStart().length;
  found.push({ from: from + lead, to: from + whole.trimEnd().length, text: whole.trim() });
}

/** The one that the cursor is in, or just behind. */
export const statementAt = (statements: readonly Statement[], at: number): Statement | undefined =>
  statements.find(({ from, to }) => at >= from && at <= to + 1) ??
  statements.findLast(({ to }) => to < at) ??
  statements[0];
