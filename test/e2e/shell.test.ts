/** The shell in a real terminal, against a real Postgres: keys are typed, the screen is read. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, superuser, type TestServer } from "../support/test-server.ts";
import { hasTmux, openTerminal, type TmuxTerminal } from "../support/tmux-terminal.ts";
import { waitUntil } from "../support/wait-until.ts";

const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));

let server: TestServer;
let folder: string;
let url: string;
let terminal: TmuxTerminal | undefined;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "pn-shell-"));
  url = `postgres://${superuser}@localhost:5432/postgres?host=${encodeURIComponent(server.socketDirectory)}`;
  const admin = await server.connect();
  await admin.query("create table users (id int primary key, name text, email text)");
  await admin.query("insert into users values (1, 'Alice', 'alice@co.com')");
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

const environment = () => ({
  POSTERN_CONFIG_DIR: join(folder, "config"),
  PAGER: "cat",
  NO_COLOR: "1",
  LANG: "C.UTF-8",
});

async function open(more: Record<string, string> = {}): Promise<TmuxTerminal> {
  terminal = await openTerminal([process.execPath, program, "db", "connect", "--url", url], {
    environment: { ...environment(), ...more },
    cwd: folder,
  });
  await terminal.shows("Enter SQL (end with ;)");
  return terminal;
}

/** What the terminal's own shell has started. */
const childOf = async (pid: number): Promise<number> =>
  Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());

async function enter(shell: TmuxTerminal, text: string): Promise<void> {
  await shell.type(text);
  await shell.keys("Enter");
}

describe.skipIf(!hasTmux)("the shell in a terminal (needs tmux)", () => {
  it("has the banner, the grid, the counts and the time of its documentation", async () => {
    const shell = await open();
    expect(await shell.screen()).toMatch(
      /^╭─{50,}╮\n│ >_ postern db connect \(.*\) +│\n│ +│\n│ {4}database: postgres/,
    );
    await shell.type("SELECT * FROM users;");
    await shell.keys("Enter");
    const screen = await shell.shows(/\(1 row\)\n\n[\d.]+m?s/);
    expect(screen).toContain("id │ name  │ email\n───┼───────┼──────────────\n 1 │ Alice │ alice@co.com\n");
    await shell.keys("C-d");
    expect(await shell.shows("ended with 0")).toContain(" icanon ");
  });

  it("completes, shows the transaction in the prompt, and cancels by ^C", async () => {
    const shell = await open();
    await shell.type("select na");
    await shell.keys("C-e");
    await shell.type("me from us");
    await waitUntil("the table is known", async () => {
      await shell.keys("Tab");
      return (await shell.screen()).includes("from users ");
    });
    await shell.type(";");
    await shell.keys("Enter");
    await shell.shows("(1 row)");
    await shell.type("begin;");
    await shell.keys("Enter");
    await shell.shows("*› Enter SQL");
    await shell.type("select pg_sleep(1000);");
    await shell.keys("Enter");
    const watcher = await server.connect();
    await waitUntil("the statement runs", async () => {
      const { rows } = await watcher.query(
        "select from pg_stat_activity where query = 'select pg_sleep(1000)' and state = 'active'",
      );
      return rows.length === 1;
    });
    await shell.keys("C-c");
    await shell.shows("ERROR 57014");
    await shell.shows("!› Enter SQL");
  });

  it("runs nothing of a pasted block before Enter, and keeps it whole in history", async () => {
    const shell = await open();
    await shell.paste("select 40 + 2\nas answer;\nselect 'second' as next;\n");
    await shell.shows("… select 'second' as next;");
    expect(await shell.screen()).not.toContain("(1 row)");
    await shell.keys("Enter");
    await shell.shows(/answer.*42.*second/s);
    await shell.keys("C-l", "Up");
    await shell.shows(/^› select 40 \+ 2\n… as answer;\n… select 'second' as next;/);
    await shell.keys("C-c", "C-c");
    await shell.shows("ended with 0");
    const [file] = execFileSync("ls", [join(folder, "config", "history")], { encoding: "utf8" })
      .trim()
      .split("\n");
    const path = join(folder, "config", "history", file!);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toContain("as answer;");
  });

  it("draws what is typed once at every width, wide characters, wrapped lines and a menu included", async () => {
    const shell = await open();
    await shell.keys("C-l");
    await shell.type("select 'above' as a;");
    await shell.keys("Enter");
    await shell.shows("› Enter SQL");
    const lines = [
      "select '日本語データ 日本語データ 日本語データ 日本語データ' as wide,",
      "  users.na from users",
    ];
    await shell.paste(lines.join("\n"));
    // Behind `users.`, where columns are offered.
    await shell.keys(...Array.from({ length: " from users".length }, () => "Left"));
    await waitUntil("the columns are known", async () => {
      await shell.keys("Tab");
      return (await shell.screen()).includes("users.name from");
    });
    const written = `›${lines.join("…").replace(".na ", ".name ")}`.replaceAll(/\s/g, "");
    for (const columns of [51, 33, 20, 47, 80]) {
      await shell.resize(columns, 24);
      await waitUntil(`it is drawn for ${columns} columns`, async () => {
        const screen = (await shell.screen()).replaceAll(/\s/g, "");
        return new RegExp(`\\dm?s${written.replaceAll(/[.*+?()]/g, "\\$&")}(name.*)?$`).test(screen);
      });
    }
  });

  it("loses no key that is typed while the window changes its size", async () => {
    const shell = await open();
    await shell.type("select '");
    const words = Array.from({ length: 20 }, (_, at) => `${at}word `);
    for (const [at, word] of words.entries())
      await Promise.all([shell.resize(40 + ((at * 7) % 50), 20 + (at % 5)), shell.type(word)]);
    await enter(shell, `' = '${words.join("")}' as all_there;`);
    await shell.shows(/all_there\n─+\nt\n/);
  });

  it("takes back what an editor makes of a statement, a function and a view, and runs it with Enter", async () => {
    const shell = await open({ EDITOR: "sed -i 's/one/two/'" });
    const admin = await server.connect();
    await admin.query("create or replace function word() returns text language sql as $$ select 'one' $$");
    await admin.query("create or replace view words as select 'one'::text as word");
    await enter(shell, "select 'one' || 's' as edited \\e");
    await shell.shows(/^› select 'two' \|\| 's' as edited$/m);
    await enter(shell, ";");
    await shell.shows(/^ ?twos$/m);
    for (const [command, sql] of [
      ["\\ef word", "select word() as edited"],
      ["\\ev words", "select word as edited from words"],
    ] as const) {
      await shell.keys("C-l");
      await enter(shell, command);
      await shell.shows(/two.*;\s*$/s);
      await shell.keys("Enter");
      await waitUntil(`${command} is made`, async () => (await admin.query(sql)).rows[0].edited === "two");
    }
    await enter(shell, "\\ef nobody");
    await shell.shows("nobody");
  });

  it("runs a statement again and again until ^C, and finds it by ^R", async () => {
    const shell = await open();
    await enter(shell, "create sequence if not exists rounds;");
    await shell.shows("CREATE SEQUENCE");
    await enter(shell, "select 'round ' || nextval('rounds') as n \\watch 0.1");
    await shell.shows(/(round \d+\n.*){3}/s);
    await shell.keys("C-c");
    await shell.shows(/\n› Enter SQL[^\n]*\n*$/);
    await shell.keys("C-l");
    await enter(shell, "select 'some' || 'thing' as other;");
    await shell.shows("something");
    await shell.keys("C-l", "C-r");
    await shell.type("some");
    await shell.shows("search some › select 'some' || 'thing' as other;");
    await shell.keys("Enter");
    await shell.shows(/^ ?something$/m);
  });

  it("ends, and its pager with it, when it is hung up with a result before somebody", async () => {
    const pager = join(folder, "pager");
    const script = `#!/bin/sh\necho $$ > ${pager}.pid\nhead -n 20\nexec sleep 1000\n`;
    await writeFile(pager, script, { mode: 0o755 });
    const shell = await open({ PAGER: pager });
    await enter(shell, "select 'line ' || n as n from generate_series(1, 1000000) n;");
    await shell.shows("line 18");
    process.kill(await childOf(await shell.pid()), "SIGHUP");
    await shell.shows("ended with 129");
    const watcher = await server.connect();
    await waitUntil("its session is over", async () => {
      const { rows } = await watcher.query(
        "select from pg_stat_activity where application_name = 'postern shell'",
      );
      return rows.length === 0;
    });
    const pid = (await readFile(`${pager}.pid`, "utf8")).trim();
    await waitUntil("its pager is gone", async () => !existsSync(`/proc/${pid}`));
    expect(await shell.settings()).toContain(" icanon ");
  });

  it("reads the data of a COPY line by line, pasted and typed, until \\., ^C or an error of the server", async () => {
    const shell = await open();
    await enter(shell, "create table typed (n int, t text);");
    await shell.shows("CREATE TABLE");
    await enter(shell, "copy typed from stdin;");
    await shell.shows("» a line for each row");
    await shell.paste("1\tone\n2\ttwo\n");
    await shell.shows(/… 2 two\n» a line/);
    await enter(shell, "\\.");
    await shell.shows("2 rows copied");
    await shell.keys("C-l");
    await enter(shell, "copy typed from stdin csv;");
    await shell.shows("» a line for each row");
    await shell.paste("3,given up\n");
    await shell.shows(/given up\n» a line/);
    await shell.keys("C-c");
    await shell.shows(/given up by \^C\n› Enter SQL/);
    await enter(shell, "copy typed from stdin csv;");
    await shell.shows("» a line for each row");
    await shell.paste("x,y\n");
    await shell.shows(/invalid input syntax for type integer: "x"\n› Enter SQL/);
    await enter(shell, "select sum(n) from typed;");
    await shell.shows(/^ {2}3$/m);
  });

  it("says what is gone when its session is ended, and runs nothing of a transaction that is not there", async () => {
    const shell = await open();
    await enter(shell, "begin;");
    await shell.shows("*› Enter SQL");
    const admin = await server.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern shell'",
    );
    await shell.shows("The connection was closed; the next statement connects anew.\n› Enter SQL");
    await enter(shell, "select 'not' || ' this';");
    await shell.shows("This is a new session");
    expect(await shell.shows("(Y3081)")).not.toContain("not this");
    await enter(shell, "select 'but' || ' this';");
    await shell.shows("but this");
  });

  it("takes a variable from what is typed", async () => {
    const shell = await open();
    await enter(shell, "\\prompt 'Whose name?' who");
    await shell.shows("Whose name?");
    await enter(shell, "Alice");
    await shell.shows("Enter SQL (end with ;)");
    await enter(shell, "select id as found from users where name = :'who';");
    await shell.shows(/found\n─+\n +1\n\n\(1 row\)/);
  });

  it("asks before every row is deleted", async () => {
    const shell = await open();
    await shell.type("delete from users;");
    await shell.keys("Enter");
    await shell.shows("Run it? (y/N)");
    await shell.keys("n");
    await shell.shows("Nothing was done.");
  });

  it("ends its statement and itself when the terminal is closed in the middle", async () => {
    const shell = await open();
    await shell.type("select pg_sleep(2000);");
    await shell.keys("Enter");
    const watcher = await server.connect();
    const running = async () => {
      const { rows } = await watcher.query(
        "select from pg_stat_activity where query = 'select pg_sleep(2000)' and state = 'active'",
      );
      return rows.length;
    };
    await waitUntil("the statement runs", async () => (await running()) === 1);
    await shell.close();
    await waitUntil("nothing is left of it", async () => (await running()) === 0);
  });
});
