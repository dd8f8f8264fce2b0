/**
 * In charge of reading a dump in SQL as it streams by, statement by statement, so that some can be left out. Commands to
 * psql are none of them: a script of unknown origin could run programs by them, so all but those that pg_dump itself
 * writes end the reading. Text is taken byte by byte (latin1): whatever its encoding is, it comes out as it went in.
 */

import { Transform, type TransformCallback } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { posternError } from "../../base/error.ts";

/** The statement to run instead; null for none. */
export type ReviseStatement = (statement: string) => Promise<string | null> | string | null;

/** Quotes, comments, and what else a statement goes on in across semicolons. */
const opening = /'|"|--|\/\*|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|;|\\|\n/g;
const copyFromStdin = /^\s*copy\b[^;]*\bfrom\s+stdin\b/i;
const ownCommand = /^\\(?:restrict|unrestrict|connect)\b/;
/** One statement that does not end is no dump. */
const maxStatementBytes = 512 * 1024 * 1024;

/** Rows of a COPY under way. */
interface Copy {
  /** The line of the COPY itself is behind. */
  begun: boolean;
  dropped: boolean;
}

export class ScriptFilter extends Transform {
  readonly #revise: ReviseStatement;
  readonly #decoder = new StringDecoder("latin1");
  /** Read and not passed on yet; begins at the beginning of a statement, or of rows of COPY. */
  #text = "";
  /** Up to here the statement holds nothing that is open. */
  #at = 0;
  #copy: Copy | null = null;
  #line = 1;
  statements = 0;

  constructor(revise: ReviseStatement) {
    super({ readableHighWaterMark: 256 * 1024 });
    this.#revise = revise;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#text += this.#decoder.write(chunk);
    void this.#advance(false, done);
  }

  override _flush(done: TransformCallback): void {
    void this.#advance(true, done);
  }

  async #advance(isEnd: boolean, done: TransformCallback): Promise<void> {
    try {
      await this.#drain(isEnd);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }

  async #drain(isEnd: boolean): Promise<void> {
    for (;;) {
      if (this.#copy) {
        if (!this.#passRows(this.#copy, isEnd)) return;
        continue;
      }
      const end = this.#findEnd(isEnd);
      if (end === undefined) {
        if (this.#text.length > maxStatementBytes) throw notADump(this.#line, "A statement has no end.");
        return;
      }
      await this.#passStatement(this.#text.slice(0, end));
      this.#text = this.#text.slice(end);
      this.#at = 0;
      if (this.#text === "" && isEnd) return;
    }
  }

  /** Behind the semicolon of the statement at the beginning of the text; undefined while more must be read. */
  #findEnd(isEnd: boolean): number | undefined {
    const text = this.#text;
    let last = this.#at;
    opening.lastIndex = last;
    for (let match = opening.exec(text); match; match = opening.exec(text)) {
      const [token] = match;
      if (token === ";") return match.index + 1;
      last = opening.lastIndex;
      if (token === "\n") continue;
      if (token === "\\") {
        const end = text.indexOf("\n", match.index);
        if (end === -1 && !isEnd) return this.#wait(match.index);
        return this.#command(match.index, end === -1 ? text.length : end + 1);
      }
      const end = endOf(text, token, match.index);
      if (end === undefined) return isEnd ? text.length : this.#wait(match.index);
      opening.lastIndex = end;
      last = end;
    }
    if (!isEnd) return this.#wait(last);
    return text.length === 0 ? undefined : text.length;
  }

  #wait(at: number): undefined {
    this.#at = at;
    return undefined;
  }

  /** Between statements pg_dump writes a few commands to psql; they are dropped, and anything else is refused. */
  #command(at: number, end: number): number {
    const command = this.#text.slice(at, end).trimEnd();
    if (onlyComments(this.#text.slice(0, at)) && ownCommand.test(command)) {
      this.#text = this.#text.slice(0, at) + this.#text.slice(end);
      this.#line += 1;
      return at;
    }
    const line = this.#line + this.#text.slice(0, at).split("\n").length - 1;
    throw notADump(line, `It holds the psql command ${command.slice(0, 40)}, which is not run.`);
  }

  async #passStatement(statement: string): Promise<void> {
    this.#line += statement.split("\n").length - 1;
    if (onlyComments(statement)) return;
    this.statements += 1;
    const bytes = Buffer.from(statement, "latin1");
    const text = bytes.toString();
    const revised = await this.#revise(text);
    if (revised !== null) {
      this.push("\n");
      this.push(revised === text ? bytes : Buffer.from(revised));
    }
    this.#copy = copyFromStdin.test(withoutComments(statement))
      ? { begun: false, dropped: revised === null }
      : null;
  }

  /** Passes rows on up to `\.`; false while more must be read. */
  #passRows(copy: Copy, isEnd: boolean): boolean {
    if (!copy.begun) {
      // The rest of the line of the COPY itself is no row.
      const lineEnd = this.#text.indexOf("\n");
      if (lineEnd === -1) return this.#mayWait(isEnd);
      this.#text = this.#text.slice(lineEnd + 1);
      copy.begun = true;
      if (!copy.dropped) this.push("\n");
    }
    const found = /(?:^|\n)\\\.\r?(?:\n|$)/.exec(this.#text);
    if (found && (isEnd || found[0].endsWith("\n"))) {
      const end = found.index + found[0].length;
      this.#push(end, copy);
      this.#copy = null;
      this.#at = 0;
      return true;
    }
    const end = this.#text.lastIndexOf("\n");
    if (end > 0) this.#push(end, copy);
    return this.#mayWait(isEnd);
  }

  #mayWait(isEnd: boolean): false {
    if (isEnd) throw notADump(this.#line, "The rows of a COPY have no end: the file is cut off.");
    return false;
  }

  #push(end: number, { dropped }: Copy): void {
    const rows = this.#text.slice(0, end);
    for (let at = rows.indexOf("\n"); at !== -1; at = rows.indexOf("\n", at + 1)) this.#line += 1;
    if (!dropped) this.push(Buffer.from(rows, "latin1"));
    this.#text = this.#text.slice(end);
  }
}

/** Behind what begins at `at` with `token`; undefined when its end has not been read yet. */
function endOf(text: string, token: string, at: number): number | undefined {
  if (token === "--") return found(text.indexOf("\n", at), 0);
  if (token === "/*") return endOfComment(text, at);
  if (token === '"') return found(text.indexOf('"', at + 1), 1);
  if (token !== "'") return found(text.indexOf(token, at + token.length), token.length);
  const escapes = /(?:^|[^\w\x80-\xff$])e$/i.test(text.slice(Math.max(0, at - 2), at));
  const whole = escapes ? /'[^'\\]*(?:\\[\s\S][^'\\]*)*'/y : /'[^']*'/y;
  whole.lastIndex = at;
  return whole.test(text) ? whole.lastIndex : undefined;
}

const found = (at: number, length: number): number | undefined => (at === -1 ? undefined : at + length);

/** Comments of this form nest. */
function endOfComment(text: string, start: number): number | undefined {
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return undefined;
}

export const withoutComments = (sql: string): string =>
  sql.replace(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");

const onlyComments = (sql: string): boolean => withoutComments(sql).replace(/^[;\s]+/, "") === "";

const notADump = (line: number, detail: string) =>
  posternError("Y6032", "This is no script that can be imported.", {
    detail: `Line ${line}: ${detail}`,
    hint: "Plain dumps of one database are, as pg_dump writes them; `psql` runs any other script.",
  });
