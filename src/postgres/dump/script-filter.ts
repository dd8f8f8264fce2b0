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

/** What a statement goes on in across semicolons, what ends it, and commands to psql. */
const opening = /'|"|--|\/\*|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|;|\\/g;
/** The beginning of one of these may be all that has been read. */
const cutToken = /(?:-|\/|\$[\w\x80-\xff]*)$/;
/** Rows, by far the most of what there is: nothing of them is looked at. */
const row = /^\s*insert\s/i;
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
  /** The beginning of the statement, which has been looked at. */
  #parts: string[] = [];
  #size = 0;
  /** Its last two characters. */
  #before = "";
  /** What has been read behind that; or rows of a COPY. */
  #text = "";
  /** How far that has been looked at. */
  #at = 0;
  /** The quote or comment that is open there. */
  #open: OpenText | null = null;
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
        if (this.#size > maxStatementBytes) throw notADump(this.#line, "A statement has no end.");
        return;
      }
      const statement = this.#takeStatement(end);
      if (row.test(statement)) this.#passRow(statement);
      else await this.#passStatement(statement);
      if (this.#text === "" && isEnd) return;
    }
  }

  #takeStatement(end: number): string {
    const statement = this.#parts.join("") + this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    this.#at = 0;
    this.#parts = [];
    this.#size = 0;
    this.#before = "";
    this.#open = null;
    return statement;
  }

  /** Behind the semicolon of the statement, in the text; undefined while more must be read. */
  #findEnd(isEnd: boolean): number | undefined {
    for (;;) {
      const text = this.#text;
      if (this.#open) {
        const { end, resume } = this.#open(text, this.#at);
        if (end === undefined) return this.#wait(isEnd, resume);
        this.#at = end;
        this.#open = null;
      }
      opening.lastIndex = this.#at;
      const match = opening.exec(text);
      if (!match) return this.#wait(isEnd, text.length - (cutToken.exec(text.slice(-80))?.[0].length ?? 0));
      const [token] = match;
      if (token === ";") return opening.lastIndex;
      if (token === "\\") {
        const end = text.indexOf("\n", match.index);
        if (end === -1 && !isEnd) return this.#wait(isEnd, match.index);
        return this.#command(match.index, end === -1 ? text.length : end + 1);
      }
      this.#open = openText(
        token,
        (this.#before + text.slice(Math.max(0, match.index - 2), match.index)).slice(-2),
      );
      this.#at = opening.lastIndex;
    }
  }

  /** What has been looked at is put aside. At the end of all the rest is the last statement. */
  #wait(isEnd: boolean, at: number): number | undefined {
    if (isEnd) return this.#text.length + this.#size === 0 ? undefined : this.#text.length;
    const seen = this.#text.slice(0, at);
    this.#parts.push(seen);
    this.#size += at;
    this.#before = (this.#before + seen.slice(-2)).slice(-2);
    this.#text = this.#text.slice(at);
    this.#at = 0;
    return undefined;
  }

  /** Between statements pg_dump writes a few commands to psql; they are dropped, and anything else is refused. */
  #command(at: number, end: number): number {
    const command = this.#text.slice(at, end).trimEnd();
    const before = this.#parts.join("") + this.#text.slice(0, at);
    if (onlyComments(before) && ownCommand.test(command)) {
      this.#text = this.#text.slice(0, at) + this.#text.slice(end);
      this.#line += 1;
      return at;
    }
    const line = this.#line + before.split("\n").length - 1;
    throw notADump(line, `It holds the psql command ${command.slice(0, 40)}, which is not run.`);
  }

  #passRow(statement: string): void {
    this.#line += statement.split("\n").length - 1;
    this.statements += 1;
    this.push(Buffer.from(`\n${statement}`, "latin1"));
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

/** Looks from `at` on for what ends it: behind that, or from where to look on when more has been read. */
type OpenText = (text: string, at: number) => { end?: number | undefined; resume: number };

/** @param before the two characters in front of the token. */
function openText(token: string, before: string): OpenText {
  if (token === "--") return until("\n");
  if (token === "/*") return openComment();
  if (token === "'" && /(?:^|[^\w\x80-\xff$])e$/i.test(before)) return openEscapes;
  return until(token);
}

const until =
  (token: string): OpenText =>
  (text, at) => {
    const found = text.indexOf(token, at);
    if (found !== -1) return { end: found + token.length, resume: found };
    return { resume: Math.max(at, text.length - token.length + 1) };
  };

/** E'…': a backslash takes the next character with it. */
const openEscapes: OpenText = (text, at) => {
  const mark = /['\\]/g;
  mark.lastIndex = at;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    if (match[0] === "'") return { end: mark.lastIndex, resume: match.index };
    if (mark.lastIndex === text.length) return { resume: match.index };
    mark.lastIndex += 1;
  }
  return { resume: text.length };
};

/** Comments of this form nest. */
function openComment(): OpenText {
  let depth = 1;
  return (text, at) => {
    const mark = /\/\*|\*\//g;
    mark.lastIndex = at;
    let last = at;
    for (let match = mark.exec(text); match; match = mark.exec(text)) {
      last = mark.lastIndex;
      depth += match[0] === "/*" ? 1 : -1;
      if (depth === 0) return { end: last, resume: last };
    }
    return { resume: Math.max(last, text.length - 1) };
  };
}

export const withoutComments = (sql: string): string =>
  sql.replace(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");

const onlyComments = (sql: string): boolean => withoutComments(sql).replace(/^[;\s]+/, "") === "";

const notADump = (line: number, detail: string) =>
  posternError("Y6032", "This is no script that can be imported.", {
    detail: `Line ${line}: ${detail}`,
    hint: "Plain dumps of one database are, as pg_dump writes them; `psql` runs any other script.",
  });
