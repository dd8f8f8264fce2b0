/** In charge of what the shell does with an input: statements and commands one after the other, their answers and errors. */
import { asPosternError, type PosternError } from "../../base/error.ts";
import type { Paint } from "../output.ts";
import { renderError } from "../render-error.ts";
import { printable } from "../table.ts";
import { relationNames } from "./candidates.ts";
import { type Catalog, catalogSql, changesCatalog, emptyCatalog } from "./catalog.ts";
import { Conditions } from "./conditions.ts";
import { findDanger } from "./find-danger.ts";
import { History } from "./history.ts";
import { interpolate } from "./interpolate.ts";
import { runCommand } from "./meta/run-command.ts";
import { openAnswer } from "./open-answer.ts";
import { noteConnection, noteEnd } from "./own-variables.ts";
import { renderSqlError } from "./render-sql-error.ts";
import { defaultSettings, type ShellSettings } from "./settings.ts";
import type { ShellAbout } from "./shell-about.ts";
import { collectRows, type ShellSession } from "./shell-session.ts";
import { splitInput } from "./split-input.ts";
import type { ResultColumn, StatementEnd, TextRow } from "./stream-statement.ts";
import type { Terminal } from "./terminal.ts";
import { streamTarget, type TextTarget } from "./text-target.ts";

export interface ShellOptions {
  session: ShellSession;
  /** Of stdout and of stderr. */
  paint: Paint;
  talkPaint: Paint;
  /** Where somebody sits at. */
  terminal?: Terminal | undefined;
  history?: History;
  /** The database as people know it, its host, its protected environment. */
  about: ShellAbout;
}

export interface ExecuteOptions {
  params?: readonly (string | null)[];
  target?: TextTarget | undefined;
  expanded?: boolean;
  /** How this one result looks. */
  look?: Partial<ShellSettings>;
  title?: string;
  /** Nothing about rows and time. */
  quiet?: boolean;
  /** Lines of COPY … FROM STDIN. */
  copyIn?: (ended: AbortSignal) => AsyncIterable<Buffer>;
  /** Neither asked about nor interpolated: the shell's own. */
  isOwn?: boolean;
  /** Its colons are no variables. */
  isLiteral?: boolean;
}

export class Shell {
  readonly session: ShellSession;
  readonly settings: ShellSettings = defaultSettings();
  readonly paint: Paint;
  readonly talkPaint: Paint;
  readonly terminal: Terminal | undefined;
  readonly history: History;
  readonly about: ShellAbout;
  readonly conditions = new Conditions();
  catalog: Catalog = emptyCatalog;
  catalogIsStale = true;
  /** The statement that a command behind it is about. */
  pending = "";
  lastSql = "";
  /** Values for the next statement's `$1`, `$2`, …. */
  bound: readonly string[] | undefined;
  lastError: PosternError | undefined;
  /** Where results go instead of the screen. */
  redirect: TextTarget | undefined;
  isOver = false;
  /** What the next input begins with. */
  prefill = "";
  /** `\restrict KEY` of a dump: nothing but SQL until the same key lifts it. */
  restriction: string | undefined;
  /** Lines behind COPY … FROM STDIN in a script. */
  inlineData: ((ended: AbortSignal) => AsyncIterable<Buffer>) | undefined;
  /** Lets something be written while somebody types. */
  interject = (write: () => void): void => write();
  /** y or n on a terminal. */
  ask: ((question: string) => Promise<boolean>) | undefined;
  /** Undefined from it: given up. */
  askForLine: ((question: string) => Promise<string | undefined>) | undefined;
  readonly #stdout = streamTarget(process.stdout, { isScreen: true });

  constructor({ session, paint, talkPaint, terminal, history, about }: ShellOptions) {
    this.session = session;
    this.paint = paint;
    this.talkPaint = talkPaint;
    this.terminal = terminal;
    this.history = history ?? new History();
    this.about = about;
    noteConnection(this.settings.variables, { ...about, user: session.user });
    session.listen({
      notice: (text) => this.say(text),
      closed: () => this.say("! The connection was closed; the next statement connects anew."),
      reconnecting: () => this.say("! Connecting again."),
      reconnected: () => {
        this.catalogIsStale = true;
        this.say("! This is a new session: settings, temporary tables and transactions are gone.");
      },
    });
  }

  /** False when something of it failed; what comes behind is then not run. */
  async runInput(text: string): Promise<boolean> {
    for (const part of splitInput(text)) {
      if (this.isOver) break;
      const worked =
        part.kind === "command" ? await this.#command(part.name, part.rest) : await this.#statement(part);
      if (!worked) {
        this.pending = "";
        return false;
      }
    }
    if (this.pending !== "") {
      const { pending } = this;
      this.pending = "";
      return this.execute(pending);
    }
    return true;
  }

  async #statement({ text, isWhole }: { text: string; isWhole: boolean }): Promise<boolean> {
    if (!this.conditions.runs) return true;
    // One without its semicolon is for the command that follows.
    if (!isWhole) {
      this.pending = text;
      return true;
    }
    return this.execute(text);
  }

  async #command(name: string, rest: string): Promise<boolean> {
    try {
      const given = takesVariables(name) ? interpolate(rest, this.settings.variables) : rest;
      if (this.conditions.take(name, given) || !this.conditions.runs) return true;
      return await runCommand(this, name, given);
    } catch (error) {
      this.#report(error, "");
      return false;
    }
  }

  /** One statement with its answer. False when it failed. */
  async execute(sql: string, options: ExecuteOptions = {}): Promise<boolean> {
    const isLiteral = options.isOwn || options.isLiteral;
    const text = isLiteral ? sql : interpolate(sql, this.settings.variables).replace(/;\s*$/, "");
    if (!options.isOwn) {
      this.lastSql = sql;
      if (!(await this.#mayRun(text))) return false;
    }
    const given = options.params ?? this.bound;
    this.bound = undefined;
    try {
      const { rows, count } = await this.#answer(text, given ? { ...options, params: given } : options);
      noteEnd(this.settings.variables, undefined, count ?? rows);
      return true;
    } catch (error) {
      this.#report(error, text);
      noteEnd(this.settings.variables, this.lastError!.code, 0);
      return false;
    }
  }

  /** A question of the shell's own, and how many rows it had. @throws PosternError */
  async show(
    sql: string,
    params: readonly (string | null)[],
    title?: string,
    { quiet = false, expanded = false } = {},
  ): Promise<{ count: number }> {
    const options: ExecuteOptions = { params, isOwn: true, quiet, expanded };
    if (title !== undefined) options.title = this.talkPaint.bold(title);
    const { rows } = await this.#answer(sql, options);
    return { count: rows };
  }

  /** The first rows of a statement of the user's. @throws PosternError */
  async collect(sql: string, most = Number.POSITIVE_INFINITY): Promise<CollectedAnswer> {
    this.lastSql = sql;
    const text = interpolate(sql, this.settings.variables).replace(/;\s*$/, "");
    const params = this.bound ?? [];
    this.bound = undefined;
    const { sink, records, columns, rows } = collectRows(most);
    await this.#interruptible(() => this.session.run(text, params, sink));
    noteEnd(this.settings.variables, undefined, rows().length);
    return { columns: columns(), rows: rows(), records };
  }

  /** Rows that the shell has made of an answer. */
  async present(columns: ResultColumn[], rows: TextRow[]): Promise<void> {
    const { printer, close } = openAnswer(this, {}, this.#stdout);
    await printer.sink.columns(columns);
    if (rows.length > 0) await printer.sink.rows(rows);
    await printer.end({ tag: "SELECT", count: rows.length }, undefined);
    await close();
  }

  /** ^C asks the server to end it. */
  async #interruptible<Result>(work: () => Promise<Result>): Promise<Result> {
    const stop = this.terminal?.onInterrupt(() => void this.session.cancel().catch(() => {}));
    try {
      return await work();
    } finally {
      stop?.();
    }
  }

  /** Where results go. */
  async print(text: string): Promise<void> {
    await (this.redirect ?? this.#stdout).write(text);
  }

  /** The same for what is not the shell's own words: a terminal is not to obey it. */
  async printData(text: string, { besideResults = false } = {}): Promise<void> {
    const target = besideResults ? this.#stdout : (this.redirect ?? this.#stdout);
    await target.write(target.isTerminal ? printable(text) : text);
  }

  say(text: string): void {
    this.interject(() => process.stderr.write(`${text}\n`));
  }

  fail(message: string, hint?: string): void {
    this.say(`${this.talkPaint.red("✗")} ${message}${hint === undefined ? "" : `\n  Hint: ${hint}`}`);
  }

  /** In the background of typing: not inside of a transaction, which is the user's. */
  async refreshCatalog(): Promise<void> {
    if (!this.catalogIsStale || this.session.state !== "idle" || this.session.isLost) return;
    this.catalogIsStale = false;
    try {
      const [row] = await this.session.query(catalogSql);
      this.catalog = JSON.parse(Object.values(row!)[0]!) as Catalog;
      relationNames(this.catalog);
    } catch {
      // Then there is less to complete, and the statements themselves say what is wrong.
    }
  }

  async #mayRun(sql: string): Promise<boolean> {
    const danger = this.ask && !this.session.readOnly ? findDanger(sql) : undefined;
    if (danger === undefined) return true;
    const where =
      this.about.protectedAs === undefined ? "" : ` In ${this.about.protectedAs}, which is protected.`;
    if (await this.ask!(`${danger}${where} Run it?`)) return true;
    this.say("Nothing was done.");
    return false;
  }

  async #answer(sql: string, options: ExecuteOptions): Promise<StatementEnd & { rows: number }> {
    const { printer, copyOut, close } = openAnswer(this, options, this.#stdout);
    const copyIn = options.copyIn ?? this.inlineData;
    const sink = { ...printer.sink, ...(copyIn && { copyIn }), copyOut };
    const startedAt = performance.now();
    try {
      const end = await this.#interruptible(() => this.session.run(sql, options.params ?? [], sink));
      const ms = performance.now() - startedAt - printer.writingMs();
      await printer.end(end, this.settings.timing && !options.quiet && !options.isOwn ? ms : undefined);
      if (!options.isOwn && changesCatalog(end.tag)) this.catalogIsStale = true;
      return { ...end, rows: printer.count() };
    } finally {
      await close();
    }
  }

  #report(thrown: unknown, sql: string): void {
    const error = asPosternError(thrown);
    this.lastError = error;
    // Postgres's own have the place; ours have what to do.
    const isSql = /^(?!Y\d)[0-9A-Z]{5}$/.test(error.code);
    if (isSql) this.say(renderSqlError(error, sql, this.catalog, this.talkPaint));
    else this.say(renderError(error, this.talkPaint));
    if (this.session.state === "failed")
      this.say(this.talkPaint.dim("  The transaction is over: ROLLBACK; ends it, nothing else runs before."));
  }
}

export interface CollectedAnswer {
  columns: ResultColumn[];
  rows: TextRow[];
  records(): Record<string, string | null>[];
}

/** Not those whose words are SQL, which has its own turn, or another program's. */
const takesVariables = (command: string): boolean =>
  !/^(!|copy|rls|explain|h|help|s[fv]\+?|ef|ev)$/.test(command);
