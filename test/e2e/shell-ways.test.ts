/** The ways that lead the shell to a database of Postern's: asleep, over HTTP, with nothing but its token. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CreatedDatabase } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { hasTmux, openTerminal } from "../support/tmux-terminal.ts";
import { waitUntil } from "../support/wait-until.ts";

const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));

let home: PosternHome;
let database: CreatedDatabase;

beforeAll(async () => {
  home = await createPosternHome();
  await home.start();
  home.environment.POSTERN_API_URL = home.apiUrl();
  home.environment.POSTERN_API_KEY = home.apiKey();
  database = await home.json(["db", "create", "--name", "nap", "--class", "db.p2"]);
});
afterAll(() => home.close());

describe.skipIf(!hasTmux)("postern top in a terminal (needs tmux)", () => {
  it("is sorted, held still and left by its keys, and gives the terminal back", async () => {
    const { POSTERN_API_URL, POSTERN_API_KEY } = home.environment;
    const open = () =>
      openTerminal([process.execPath, program, "top"], {
        environment: {
          POSTERN_API_URL: POSTERN_API_URL!,
          POSTERN_API_KEY: POSTERN_API_KEY!,
          LANG: "C.UTF-8",
        },
        columns: 130,
      });
    const top = await open();
    try {
      expect(await top.shows("by statements")).toMatch(/postern top[\s\S]*database +│ status[\s\S]*nap +│/);
      await top.keys("l");
      await top.shows("by latency");
      await top.keys("w");
      await top.shows("by waiting");
      await top.keys("p");
      const held = clockOf(await top.shows("paused, p goes on"));
      await top.keys("s");
      expect(clockOf(await top.shows("by sessions"))).toBe(held);
      await top.keys("p");
      await waitUntil("it goes on", async () => clockOf(await top.screen()) !== held);
      await top.keys("q");
      expect(await top.shows("ended with 0")).not.toContain("postern top");
      expect(await top.settings()).toMatch(/ icanon[\s\S]* echo /);
    } finally {
      await top.close();
    }
    const other = await open();
    try {
      await other.shows("by statements");
      await other.keys("C-c");
      await other.shows("ended with 0");
    } finally {
      await other.close();
    }
  });
});

const clockOf = (screen: string): string | undefined => /\d\d:\d\d:\d\d UTC/.exec(screen)?.[0];

describe("the shell and a database of Postern's", () => {
  it("wakes it when it sleeps, and says so", async () => {
    await home.run(["db", "pause", "nap"]);
    const end = await home.run(["db", "connect", "nap", "-o", "table", "-c", "select 6 * 7 as answer"]);
    expect(end).toMatchObject({ code: 0, stderr: expect.stringContaining("nap slept; woken in ") });
    expect(end.stdout).toContain("answer\n──────\n    42\n");
  });

  it("goes through Postern's own port with nothing but the database's token", async () => {
    const words = ["db", "connect", "--db-id", database.id, "--token", database.token, "--http", "-o", "csv"];
    const end = await home.run([...words, "-c", "\\conninfo", "-c", "select 1 as a"], {
      cwd: "/",
      environment: { POSTERN_API_KEY: "" },
    });
    expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/through a WebSocket.*\na\n1\n$/s) });
  });

  it("ends its statement there, too, when it is interrupted", async () => {
    const words = ["db", "connect", "nap", "--http", "-c", "select pg_sleep(4000)"];
    const child = spawn(process.execPath, [program, ...words], { env: home.environment, stdio: "ignore" });
    const ended = once(child, "exit");
    const count = async () => {
      const sql =
        "select count(*) as n from pg_stat_activity where query = 'select pg_sleep(4000)' and state = 'active'";
      const path = `/v1/db/${database.id}/query`;
      const { rows } = await home.api<{ rows: { n: string }[] }>("POST", path, { sql }, database.token);
      return Number(rows[0]!.n);
    };
    await waitUntil("the statement runs", async () => (await count()) === 1);
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
    await waitUntil("nothing is left of it", async () => (await count()) === 0);
  });
});
