/**
 * In charge of the first five minutes: from an empty machine to a database that was migrated, used through every way
 * in, backed up, damaged and restored. Each step is a command that a user could type, and is shown as one.
 */
import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CreatedDatabase, DatabaseInfo } from "@postern/sdk/protocol";
import pg from "pg";
import pc from "picocolors";
import { asPosternError, hasCode, messageOf, PosternError } from "../base/error.ts";

const postern = fileURLToPath(new URL("../bin/postern.js", import.meta.url));
const project = fileURLToPath(new URL("../../examples/notes", import.meta.url));

interface Scene {
  database: DatabaseInfo;
  variables: Record<string, string>;
  backupId: string;
}

/** Runs the whole tour; safe to run again. Returns the exit code. */
export async function runQuickstart(): Promise<number> {
  const startedAt = performance.now();
  try {
    await tour();
    say(
      `\n${pc.bold("All of it worked")} in ${seconds(performance.now() - startedAt)}. Postern goes on running.\n\n${howToGoOn}`,
    );
    return 0;
  } catch (thrown) {
    const error = asPosternError(thrown);
    say(`\n${pc.red("✗")} ${error.message}${error.code === "Y9001" ? "" : ` (${error.code})`}`);
    for (const [label, text] of [
      ["", error.detail],
      ["Hint: ", error.hint],
    ] as const)
      if (text) say(`  ${label}${text}`);
    return 1;
  }
}

async function tour(): Promise<void> {
  const scene = {} as Scene;
  say(`${pc.bold("Postern quickstart")}  ${pc.dim("each step is a command that you can type yourself")}\n`);
  await step("set up and start", "postern up", () => runAttached(["up"]));
  await step("create a database", "postern db create quickstart", async () => {
    scene.database = await openDatabase();
    scene.variables = JSON.parse(await run(["vars", "--reveal", "--json"])) as Record<string, string>;
    return `${scene.database.name} (${scene.database.id})`;
  });
  await step("run three migrations", "postern db migrate", async () => {
    const { applied, total } = JSON.parse(await run(["db", "migrate", "--json"])) as {
      applied: number;
      total: number;
    };
    return applied === 0 ? `all ${total} were applied before` : `${applied} applied`;
  });
  await waysIn(scene);
  const before = await countNotes(scene);
  await step("back up", "postern db backup create", async () => {
    const backup = JSON.parse(await run(["db", "backup", "create", "--json"])) as {
      id: string;
      size_bytes: number;
    };
    scene.backupId = backup.id;
    return `${backup.id}, ${backup.size_bytes} bytes, ${before} notes`;
  });
  await step("damage the data", 'postern db exec "DROP TABLE notes"', async () => {
    await run(["db", "exec", "DROP TABLE notes"]);
    const gone = await countNotes(scene).then(
      () => false,
      (error: unknown) => hasCode(error, "42P01"),
    );
    if (!gone) throw new PosternError("Y9001", "The table is still there.");
    return "the table is gone";
  });
  await step("restore", `postern db backup restore ${scene.backupId} -y`, async () => {
    await run(["db", "backup", "restore", scene.backupId, "-y", "--json"]);
    const after = await countNotes(scene);
    if (after !== before)
      throw new PosternError("Y6004", `After the restore there are ${after} notes and not ${before}.`);
    return `all ${after} notes are back`;
  });
}

/** One note goes in and comes back by each of the four ways. */
async function waysIn({ variables, database }: Scene): Promise<void> {
  await step("pooled URL", "any Postgres client with DATABASE_URL", () =>
    overPostgres(variables.DATABASE_URL!, "by the pooler"),
  );
  await step("direct URL", "any Postgres client with DIRECT_URL", () =>
    overPostgres(variables.DIRECT_URL!, "directly"),
  );
  await step("HTTP", `curl -H "Authorization: Bearer …" ${database.http_url}/query`, () =>
    overHttp(variables, database),
  );
  await step("command line", 'postern db exec "INSERT …"', async () => {
    await run(["db", "exec", insertNote("$1"), "--param", "from the command line"]);
    const { rows } = JSON.parse(
      await run(["db", "exec", readNote, "--param", "from the command line", "--json"]),
    ) as { rows: unknown[] };
    return expectOne(rows);
  });
}

const insertNote = (title: string) => `
  with author as (
    insert into authors (name, email) values ('Ada', 'ada@example.com')
    on conflict (email) do update set name = excluded.name returning id)
  insert into notes (author_id, title) select id, ${title} from author`;
const readNote = "select id, title from notes where title = $1 order by id desc limit 1";

async function overPostgres(url: string, title: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(insertNote("$1"), [title]);
    return expectOne((await client.query(readNote, [title])).rows);
  } finally {
    await client.end();
  }
}

/** The address under the API's own host, for machines whose resolver does not know names below localhost. */
async function overHttp(variables: Record<string, string>, database: DatabaseInfo): Promise<string> {
  const port = new URL(database.http_url).port || "80";
  const post = async (route: string, body: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/db/${database.id}/${route}`, {
      method: "POST",
      headers: { authorization: `Bearer ${variables.DATABASE_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw PosternError.fromBody((await answer.json()) as never, answer.status);
    return (await answer.json()) as { rows: unknown[] };
  };
  await post("execute", { sql: insertNote("$1"), params: ["over HTTP"] });
  return expectOne((await post("query", { sql: readNote, params: ["over HTTP"] })).rows);
}

function expectOne(rows: unknown[]): string {
  if (rows.length !== 1) throw new PosternError("Y9001", "What was written could not be read back.");
  return "wrote a note and read it back";
}

async function countNotes({ variables }: Scene): Promise<number> {
  const client = new pg.Client({ connectionString: variables.DIRECT_URL! });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>("select count(*)::int as count from notes");
    return rows[0]!.count;
  } finally {
    await client.end();
  }
}

/** The database of the last run if it is still there, else a new one. */
async function openDatabase(): Promise<DatabaseInfo> {
  const linked = await run(["db", "info", "--json"]).catch(() => undefined);
  if (linked !== undefined) {
    const info = JSON.parse(linked) as DatabaseInfo;
    if (
      info.status === "ready" &&
      (await run(["vars", "--reveal", "--json"]).catch(() => "")).includes("DATABASE_TOKEN")
    )
      return info;
  }
  const create = async (name: string) =>
    JSON.parse(await run(["db", "create", name, "--link", "--json"])) as CreatedDatabase;
  return create("quickstart").catch((error: unknown) => {
    if (!hasCode(error, "Y3002")) throw error;
    return create(`quickstart-${Date.now().toString(36)}`);
  });
}

async function step(name: string, command: string, work: () => Promise<string>): Promise<void> {
  const startedAt = performance.now();
  const result = await work();
  say(
    `${pc.green("✓")} ${name.padEnd(22)}${seconds(performance.now() - startedAt).padStart(8)}  ${result}\n  ${pc.dim(command)}`,
  );
}

/** Runs a command of Postern's in the example's folder; its failure is thrown as the error that it printed. */
async function run(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [postern, ...args, "--no-input"], {
      cwd: project,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    throw readFailure(args, error as { stderr?: string });
  }
}

function readFailure(args: readonly string[], failure: { stderr?: string }): PosternError {
  const line = failure.stderr?.split("\n").find((text) => text.startsWith('{"error"'));
  if (line !== undefined) return PosternError.fromBody((JSON.parse(line) as { error: never }).error);
  return new PosternError("Y9001", `\`postern ${args.join(" ")}\` failed.`, {
    detail: failure.stderr?.trim() ?? messageOf(failure),
  });
}

/** With the terminal's own streams, so that its progress is seen. */
function runAttached(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [postern, ...args], {
      cwd: project,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0
        ? resolve("running")
        : reject(
            new PosternError("Y0006", "Postern did not start.", {
              hint: "`npx postern doctor` finds out why.",
            }),
          ),
    );
  });
}

const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`);
const say = (text: string) => process.stdout.write(`${text}\n`);

const howToGoOn = `  cd examples/notes
  npx postern status                              what runs, and where
  npx postern db list                             your databases
  npx postern db exec "SELECT * FROM notes"       SQL from the command line
  npx postern db connect                          an SQL session
  npx postern vars --pull .env                    the URLs, for your application
  npx postern run -- node your-app.js             your application, with the URLs in its environment
  npx postern down                                stop everything; data stays
`;
