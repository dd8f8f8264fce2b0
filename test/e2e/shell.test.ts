/** The shell in a real terminal, against a real Postgres: keys are typed, the screen is read. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
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

async function open(...args: string[]): Promise<TmuxTerminal> {
  terminal = await openTerminal([process.execPath, program, "db", "connect", "--url", url, ...args], {
    environment: environment(),
    cwd: folder,
  });
  await terminal.shows("Enter SQL (end with ;)");
  return terminal;
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

  it("reads the data of a COPY line by line, pasted and typed, until \\., ^C or an error of the server", async () => {
    const shell = await open();
    const enter = async (text: string) => {
      await shell.type(text);
      await shell.keys("Enter");
    };
    await enter("create table typed (n int, t text);");
    await shell.shows("CREATE TABLE");
    await enter("copy typed from stdin;");
    await shell.shows("» a line for each row");
    await shell.paste("1\tone\n2\ttwo\n");
    await shell.shows(/… 2 two\n» a line/);
    await enter("\\.");
    await shell.shows("2 rows copied");
    await shell.keys("C-l");
    await enter("copy typed from stdin csv;");
    await shell.shows("» a line for each row");
    await shell.paste("3,given up\n");
    await shell.shows(/given up\n» a line/);
    await shell.keys("C-c");
    await shell.shows(/given up by \^C\n› Enter SQL/);
    await enter("copy typed from stdin csv;");
    await shell.shows("» a line for each row");
    await shell.paste("x,y\n");
    await shell.shows(/invalid input syntax for type integer: "x"\n› Enter SQL/);
    await enter("select sum(n) from typed;");
    await shell.shows(/^ {2}3$/m);
  });

  it("says what is gone when its session is ended, and runs nothing of a transaction that is not there", async () => {
    const shell = await open();
    const enter = async (text: string) => {
      await shell.type(text);
      await shell.keys("Enter");
    };
    await enter("begin;");
    await shell.shows("*› Enter SQL");
    const admin = await server.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern shell'",
    );
    await shell.shows("The connection was closed; the next statement connects anew.\n› Enter SQL");
    await enter("select 'not' || ' this';");
    await shell.shows("This is a new session");
    expect(await shell.shows("(Y3081)")).not.toContain("not this");
    await enter("select 'but' || ' this';");
    await shell.shows("but this");
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
