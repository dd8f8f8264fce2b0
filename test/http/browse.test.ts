/** Looking into a database through the API: what the console's Data, SQL and Schema pages stand on. */
import type {
  Catalog,
  CellValue,
  CreatedDatabase,
  RowCount,
  RowEditPreview,
  RowEditResult,
  RowPage,
  RowPageRequest,
  TableDetail,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let database: CreatedDatabase;

const people = { schema: "public", name: "people" };

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "look" });
  for (const sql of [
    "create type mood as enum ('glad', 'sad')",
    "create table teams (id int primary key, name text not null)",
    `create table people (id bigint primary key, name text, mood mood, born date, facts jsonb, photo bytea,
       team_id int references teams on delete cascade, "$1 odd" int)`,
    "create index people_name on people (name)",
    "alter table teams enable row level security",
    "create policy everyone on teams for select to anon using (name <> 'hidden')",
    "grant select on teams to anon",
    "create table plain (n int)",
    "insert into plain select generate_series(1, 25)",
    "insert into teams values (1, 'first'), (2, 'hidden')",
    `insert into people (id, name, mood, born, facts, photo, team_id)
       select 9007199254740993 + n, case when n % 5 = 0 then null when n = 1 then '' else 'p' || (n % 7) end,
              case when n % 2 = 0 then 'glad'::mood end, date '2000-01-01' + n, jsonb_build_object('n', n, 'big', 12345678901234567890),
              decode('00ff', 'hex'), 1 from generate_series(1, 120) n`,
    "create table long_ones (id int primary key, v text)",
    "insert into long_ones values (1, repeat('é', 300000)), (2, null), (3, '')",
    "analyze people",
  ])
    await postern.api("POST", `/v1/db/${database.id}/execute`, { sql }, database.token);
}, 120_000);
afterAll(() => postern?.close());

const path = (rest: string) => `/v1/databases/${database.id}/${rest}`;
const rows = (input: Partial<RowPageRequest>) =>
  postern.api<RowPage>("POST", path("rows"), { table: people, ...input });

/** All rows, page by page. */
async function walk(input: Partial<RowPageRequest>): Promise<(string | null)[][]> {
  const all: (string | null)[][] = [];
  let after: string | undefined;
  do {
    const page = await rows({ ...input, ...(after !== undefined && { after }) });
    expect(page.by).toBe("key");
    all.push(...page.rows);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return all;
}

describe("the catalog", () => {
  it("tells of tables, their columns, keys and what leads where", async () => {
    const { tables, schemas } = await postern.api<Catalog>("GET", path("catalog"));
    expect(schemas).toEqual(["public"]);
    expect(tables.map(({ name }) => name)).toEqual(["long_ones", "people", "plain", "teams"]);
    const table = tables.find(({ name }) => name === "people")!;
    expect(table).toMatchObject({
      kind: "table",
      primary_key: ["id"],
      estimated_rows: 120,
      row_security: false,
      foreign_keys: [
        {
          columns: ["team_id"],
          target: { schema: "public", name: "teams" },
          target_columns: ["id"],
          on_delete: "cascade",
        },
      ],
    });
    expect(table.columns.map(({ name, kind }) => [name, kind])).toEqual([
      ["id", "number"],
      ["name", "text"],
      ["mood", "enum"],
      ["born", "time"],
      ["facts", "json"],
      ["photo", "bytes"],
      ["team_id", "number"],
      ["$1 odd", "number"],
    ]);
    expect(table.columns[2]!.values).toEqual(["glad", "sad"]);
  });

  it("writes the SQL that makes a table, and all of it runs elsewhere", async () => {
    const detail = await postern.api<TableDetail>("GET", path("catalog/table?schema=public&name=teams"));
    expect(detail.policies).toMatchObject([{ name: "everyone", command: "select", roles: ["anon"] }]);
    expect(detail.ddl).toContain(
      "create table public.teams (\n  id integer not null,\n  name text not null,",
    );
    expect(detail.ddl).toContain("alter table public.teams enable row level security;");
    const { ddl } = await postern.api<{ ddl: string }>("GET", path("catalog/ddl"));
    const other = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "again" });
    for (const sql of ddl.split(/;\n\n/))
      await postern.api("POST", `/v1/db/${other.id}/execute`, { sql }, other.token);
    const diff = await postern.api<{ lines: string[] }>(
      "GET",
      `/v1/databases/${other.id}/schema-diff?base=${database.id}`,
    );
    expect(diff.lines).toEqual([]);
  });
});

describe("rows", () => {
  it("are texts that lose nothing, with null apart from empty", async () => {
    const { columns, rows: found } = await rows({ limit: 1 });
    expect(columns).toEqual(["id", "name", "mood", "born", "facts", "photo", "team_id", "$1 odd"]);
    expect(found).toEqual([
      [
        "9007199254740994",
        "",
        null,
        "2000-01-02",
        '{"n": 1, "big": 12345678901234567890}',
        "\\x00ff",
        "1",
        null,
      ],
    ]);
  });

  it("follow each other by key in any order, also where values repeat or are null", async () => {
    for (const direction of ["asc", "desc"] as const) {
      for (const column of ["name", "mood", "born", "facts"]) {
        const all = await walk({ columns: ["id"], order: [{ column, direction }], limit: 17 });
        expect(new Set(all.map(([id]) => id)).size, `${column} ${direction}`).toBe(120);
        const { rows: whole } = await rows({ columns: ["id"], order: [{ column, direction }], limit: 500 });
        expect(all).toEqual(whole);
      }
    }
  });

  it("follow each other by their place in a table without a key", async () => {
    const found = await walk({ table: { schema: "public", name: "plain" }, limit: 10 });
    expect(found).toHaveLength(25);
  });

  it("are jumped to by offset, and the page says so", async () => {
    const page = await rows({ columns: ["id"], offset: 100, limit: 5 });
    expect(page).toMatchObject({ by: "offset", more: true });
    expect(page.rows[0]).toEqual(["9007199254741094"]);
  });

  it.each([
    [{ column: "name", op: "is_null" }, 24],
    [{ column: "name", op: "is_null", value: "false" }, 96],
    [{ column: "name", op: "eq", value: "" }, 1],
    [{ column: "name", op: "contains", value: "P3" }, 13],
    [{ column: "name", op: "like", value: "p_" }, 95],
    [{ column: "id", op: "gt", value: "9007199254741103" }, 10],
    [{ column: "id", op: "in", value: ["9007199254740994", "9007199254740996"] }, 2],
    [{ column: "mood", op: "neq", value: "sad" }, 60],
    [{ column: "born", op: "lte", value: "2000-01-03" }, 2],
    [{ column: "facts", op: "eq", value: '{"n":2,"big":12345678901234567890}' }, 1],
  ] as const)("are chosen by %o", async (filter, expected) => {
    const selection = { filters: [filter as NonNullable<RowPageRequest["filters"]>[number]] };
    expect((await rows({ ...selection, columns: ["id"], limit: 500 })).rows).toHaveLength(expected);
    const counted = await postern.api<RowCount>("POST", path("rows/count"), { table: people, ...selection });
    expect(counted).toEqual({ exact: expected, estimate: null });
  });

  it("are chosen by one expression in SQL and by nothing more", async () => {
    const { rows: found } = await rows({ where: "mood = 'glad' and id % 3 = 0 -- so", columns: ["id"] });
    expect(found).toHaveLength(20);
    for (const where of [
      "1=1) union select (1",
      "true; drop table people",
      "id) or (true",
      "(",
      "",
      "id, name",
    ])
      await expect(rows({ where }), where).rejects.toMatchObject({ code: "Y1100" });
    await expect(rows({ where: "(select setval('x', 1)) = 1" })).rejects.toMatchObject({ code: "42P01" });
    await expect(rows({ where: "pg_catalog.lo_creat(1) = 1" })).rejects.toMatchObject({ code: "Y3040" });
  });

  it("refuse columns that are not there and places of another order", async () => {
    await expect(rows({ columns: ["nope"] })).rejects.toMatchObject({ code: "Y1101" });
    const { next } = await rows({ limit: 5 });
    await expect(rows({ after: next!, order: [{ column: "name" }] })).rejects.toMatchObject({
      code: "Y1102",
    });
  });

  it("carry the beginning of long values, and the whole of one is to be had", async () => {
    const table = { schema: "public", name: "long_ones" };
    const page = await rows({ table });
    expect(page.rows.map(([, value]) => value?.length)).toEqual([2_000, undefined, 0]);
    expect(page.cut).toEqual([[0, 1]]);
    const cell = (id: string) =>
      postern.api<CellValue>("POST", path("rows/cell"), { table, column: "v", key: { id } });
    const { value, ...rest } = await cell("1");
    expect(value).toHaveLength(300_000);
    expect(rest).toEqual({ bytes: 600_000, cut: false });
    expect(await cell("2")).toEqual({ value: null, bytes: 0, cut: false });
    await expect(cell("7")).rejects.toMatchObject({ code: "Y1069" });
  });

  it("are those of a client where it is asked so", async () => {
    const table = { schema: "public", name: "teams" };
    expect((await rows({ table })).rows).toHaveLength(2);
    await postern.api("PUT", path("client-access"), { shared_secret: "s".repeat(40) }).catch(() => {});
    const seen = await rows({ table, as: { anonymous: true } });
    expect(seen.rows).toEqual([["1", "first"]]);
    await expect(rows({ as: { subject: "ada" } })).rejects.toMatchObject({ code: "42501" });
  });

  it("leave as a file, in CSV and as lines of JSON", async () => {
    const file = async (format: string) => {
      const response = await fetch(`${postern.apiUrl()}${path("rows/export")}`, {
        method: "POST",
        headers: { authorization: `Bearer ${postern.apiKey()}`, "content-type": "application/json" },
        body: JSON.stringify({
          table: people,
          columns: ["id", "name", "mood"],
          filters: [{ column: "id", op: "lte", value: "9007199254740998" }],
          format,
        }),
      });
      return response.text();
    };
    expect(await file("csv")).toBe(
      'id,name,mood\r\n9007199254740994,"",\r\n9007199254740995,p2,glad\r\n9007199254740996,p3,\r\n9007199254740997,p4,glad\r\n9007199254740998,,\r\n',
    );
    expect((await file("ndjson")).split("\n")[0]).toBe('{"id":"9007199254740994","name":"","mood":null}');
  });
});

describe("changes to rows", () => {
  const edits = [
    {
      action: "update",
      key: { id: "9007199254740995" },
      values: { name: "O'Hara", facts: '{"a":[1]}', mood: "sad" },
      was: { name: "p2", mood: "glad" },
    },
    { action: "insert", values: { id: "1", name: null, "$1 odd": "5" } },
    { action: "delete", key: { id: "9007199254740996" } },
  ];
  const change = (list: unknown[]) =>
    postern.api<RowEditResult>("POST", path("rows/edit"), { table: people, edits: list });

  it("are shown as SQL that nothing has run", async () => {
    const { statements } = await postern.api<RowEditPreview>("POST", path("rows/preview"), {
      table: people,
      edits,
    });
    expect(statements).toEqual([
      `update "public"."people" set "name" = 'O''Hara', "facts" = '{"a":[1]}'::jsonb, "mood" = 'sad'::public.mood where "id" = '9007199254740995' and "name" = 'p2' and "mood" = 'glad'::public.mood;`,
      `insert into "public"."people" ("id", "name", "$1 odd") values ('1', null, '5');`,
      `delete from "public"."people" where "id" = '9007199254740996';`,
    ]);
    expect((await rows({ limit: 1 })).rows[0]![0]).toBe("9007199254740994");
  });

  it("happen together or not at all", async () => {
    const wrong = { action: "update", key: { id: "1" }, values: { mood: "angry" } };
    await expect(change([...edits, wrong])).rejects.toMatchObject({ code: "22P02" });
    const outdated = { ...edits[0], was: { name: "somebody else's" } };
    await expect(change([edits[1], outdated])).rejects.toMatchObject({
      code: "Y1103",
      message: expect.stringContaining("Change 2"),
    });
    expect((await rows({ filters: [{ column: "id", op: "eq", value: "1" }] })).rows).toEqual([]);
  });

  it("are written in one transaction and are in the log of changes", async () => {
    const result = await change(edits);
    expect(result.rows).toBe(3);
    const { rows: logged } = await postern.api<{ rows: unknown[] }>(
      "POST",
      `/v1/db/${database.id}/query`,
      {
        sql: "select operation, row_id, rolled_back from postern.state_mutations where request_id = $1 order by at, row_id",
        params: [result.request_id],
      },
      database.token,
    );
    expect(logged).toEqual([
      { operation: "UPDATE", row_id: "9007199254740995", rolled_back: false },
      { operation: "INSERT", row_id: "1", rolled_back: false },
      { operation: "DELETE", row_id: "9007199254740996", rolled_back: false },
    ]);
  });

  it("refuse JSON that would lose digits, and tables without a key", async () => {
    const facts = (text: string) => change([{ action: "update", key: { id: "1" }, values: { facts: text } }]);
    await expect(facts('{"n":12345678901234567890}')).rejects.toMatchObject({ code: "Y1104" });
    await expect(facts("{")).rejects.toMatchObject({ code: "Y1104" });
    const table = { schema: "public", name: "plain" };
    const edit = { table, edits: [{ action: "delete", key: { n: "1" } }] };
    await expect(postern.api("POST", path("rows/edit"), edit)).rejects.toMatchObject({ code: "Y1067" });
  });
});
