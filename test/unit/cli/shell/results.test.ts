import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { PosternError } from "../../../../src/base/error.ts";
import { findDanger } from "../../../../src/cli/shell/find-danger.ts";
import { openFormat } from "../../../../src/cli/shell/formats/open-format.ts";
import { interpolate } from "../../../../src/cli/shell/interpolate.ts";
import { parseCopy } from "../../../../src/cli/shell/meta/copy-command.ts";
import { crosstab } from "../../../../src/cli/shell/meta/crosstab-command.ts";
import { readPattern } from "../../../../src/cli/shell/meta/name-pattern.ts";
import { readOnlyBegin, transactionControl } from "../../../../src/cli/shell/read-only-guard.ts";
import { renderSqlError } from "../../../../src/cli/shell/render-sql-error.ts";
import { formats, type ResultFormat } from "../../../../src/cli/shell/settings.ts";
import type { TextRow } from "../../../../src/cli/shell/stream-statement.ts";

const paint = createColors(false);
const columns = [
  { name: "id", typeOid: 23 },
  { name: "name", typeOid: 25 },
];

function rendered(
  format: ResultFormat,
  rows: TextRow[],
  expanded: "off" | "on" | "auto" = "off",
  width = 80,
): string {
  const made = openFormat(
    { format, expanded },
    { columns, nullText: "NULL", paint, width, isTerminal: true },
    rows,
  );
  return made.rows(rows) + made.end();
}

describe("a result", () => {
  const rows: TextRow[] = [
    ["1", "Alice"],
    ["20", null],
  ];

  it("is a grid with numbers on the right", () => {
    expect(rendered("aligned", rows)).toBe("id │ name\n───┼───────\n 1 │ Alice\n20 │ NULL\n");
  });

  it("stays a grid by the width that a terminal gives wide characters", () => {
    expect(
      rendered("aligned", [
        ["1", "日本"],
        ["2", "ab"],
      ]),
    ).toBe("id │ name\n───┼──────\n 1 │ 日本\n 2 │ ab\n");
  });

  it("cannot speak to the terminal", () => {
    expect(rendered("aligned", [["1", "\u001b[31m\u009b\r\nx"]])).toContain("\\x1b[31m\\x9b\\r\\nx");
    expect(rendered("aligned", [["1", "\u001b]0;title\u0007"]], "on")).not.toMatch(/[\u001b\u0007]/);
    for (const format of formats) {
      for (const evil of ["\u001b[31m", "\u009b31m", "\u007f", "\r", "\u202etxt"])
        expect(rendered(format, [["1", evil]]), format).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    }
    expect(JSON.parse(rendered("json", [["1", "\u009b\u202e\u007f"]]))).toEqual([
      { id: 1, name: "\u009b\u202e\u007f" },
    ]);
  });

  it("is a head without rows", () => {
    expect(rendered("aligned", [])).toBe("id │ name\n───┼──────\n");
    expect(rendered("csv", [])).toBe("id,name\n");
    expect(rendered("json", [])).toBe("[]\n");
  });

  it("has a line for each value where it would be wider than the screen", () => {
    expect(rendered("aligned", rows, "auto", 8)).toContain("name │ Alice\n");
    expect(rendered("aligned", rows, "auto", 80)).toContain("───┼");
  });

  it("is CSV that tells NULL from an empty text", () => {
    expect(
      rendered("csv", [
        ["1", 'a "b", c'],
        ["2", null],
        ["3", ""],
      ]),
    ).toBe('id,name\n1,"a ""b"", c"\n2,\n3,""\n');
  });

  it("is JSON", () => {
    expect(JSON.parse(rendered("json", rows))).toEqual([
      { id: 1, name: "Alice" },
      { id: 20, name: null },
    ]);
  });

  it("is Markdown", () => {
    expect(rendered("markdown", [["1", "a|b\nc"]])).toBe(
      "| id | name |\n| ---: | --- |\n| 1 | a\\|b<br>c |\n",
    );
  });

  it("comes in batches with one head", () => {
    const made = openFormat(
      { format: "aligned", expanded: "off" },
      { columns, nullText: "", paint, width: 80, isTerminal: true },
      [],
    );
    expect(made.rows([["1", "a"]]) + made.rows([["2", "bbbbbbb"]]) + made.end()).toBe(
      "id │ name\n───┼──────\n 1 │ a\n 2 │ bbbbbbb\n",
    );
  });
});

describe("a terminal asks before", () => {
  it.each([
    ["drop table if exists Users cascade", "drops table Users"],
    ["truncate only posts", "empties posts"],
    ["delete from users", "deletes every row"],
    ["update users set a = (select 1 where true)", "changes every row"],
    ["with x as (delete from users returning *) select * from x where true", "deletes every row"],
    ["explain analyze delete from users", "deletes every row"],
    ["alter table users drop column name", "drops a column"],
  ])("%s", (sql, wanted) => {
    expect(findDanger(sql)).toContain(wanted);
  });

  it.each([
    "select 1",
    "delete from users where id = 1",
    "update users set a = 1 where b",
    "insert into users values (1) on conflict do update set a = 1",
    "select * from users for update",
    "explain delete from users",
    "create table a (b int references c on delete cascade)",
    "select 'drop table users'",
  ])("not %s", (sql) => {
    expect(findDanger(sql)).toBeUndefined();
  });
});

describe("an error", () => {
  const catalog = {
    schemas: ["public"],
    relations: [
      {
        schema: "public",
        name: "users",
        kind: "table",
        visible: true,
        columns: [{ name: "name", type: "text" }],
      },
    ],
    functions: [],
  };

  it("has a caret under its place and says what may have been meant", () => {
    const error = new PosternError("42703", 'column "nmae" does not exist', { position: 12 });
    expect(renderSqlError(error, "SELECT id, nmae FROM users", catalog, paint)).toBe(
      '  ERROR 42703: column "nmae" does not exist\n  SELECT id, nmae FROM users\n' +
        '             ^  Hint: did you mean "name"?',
    );
  });

  it("of several lines names the line, and stands below wide characters", () => {
    const error = new PosternError("42P01", 'relation "usrs" does not exist', { position: 21 });
    expect(renderSqlError(error, "select 1,\n'日本' from usrs", catalog, paint)).toBe(
      "  ERROR 42P01: relation \"usrs\" does not exist\n  2 │ '日本' from usrs\n" +
        '                  ^  Hint: did you mean "users"?',
    );
  });
});

describe("small readers", () => {
  it("put variables in as text, as name, and as they are", () => {
    const variables = new Map([
      ["who", "O'Neil"],
      ["t", "users"],
    ]);
    expect(interpolate("select :'who', x::text from :t, :\"t\" where ':t' = a[1:2]", variables)).toBe(
      "select 'O''Neil', x::text from users, \"users\" where ':t' = a[1:2]",
    );
  });

  it("read \\copy", () => {
    expect(parseCopy("users (id, name) from 'my file.csv' csv header")).toEqual({
      direction: "from",
      file: "my file.csv",
      sql: "COPY users (id, name) FROM STDIN csv header",
    });
    expect(parseCopy("(select a from b) to out.csv with (format csv)")).toMatchObject({
      direction: "to",
      sql: "COPY (select a from b) TO STDOUT with (format csv)",
    });
    expect(() => parseCopy("users")).toThrow(expect.objectContaining({ code: "Y1013" }));
  });

  it("read patterns of names", () => {
    expect(readPattern("public.us*")).toEqual({ schema: "^(public)$", name: "^(us.*)$" });
    expect(readPattern('"My.Table"')).toEqual({ schema: undefined, name: "^(My\\.Table)$" });
    expect(readPattern("*")).toEqual({ schema: undefined, name: undefined });
  });

  it("know what begins and ends a transaction, and make its beginning read-only", () => {
    expect(
      ["begin", "/* x */ Start Transaction", "commit", "rollback to a", "end", "select"].map(
        transactionControl,
      ),
    ).toEqual(["begin", "begin", "end", undefined, "end", undefined]);
    expect(readOnlyBegin("begin -- now\n;")).toBe("begin read only");
    expect(readOnlyBegin("begin isolation level serializable read write")).toBe(
      "begin isolation level serializable read write, read only",
    );
  });
});

describe("a crosstab", () => {
  const columns = ["place", "year", "sum", "rank"].map((name) => ({ name, typeOid: 25 }));
  const rows: TextRow[] = [
    ["a", "2025", "1", "20"],
    ["a", "2024", "2", "9"],
    ["b", "2024", null, "9"],
  ];

  it("has a row and a column for each value, in the order that they come or by a column's numbers", () => {
    expect(crosstab({ columns, rows }, ["place", "year", "sum"])).toEqual({
      columns: [columns[0], { name: "2025", typeOid: 25 }, { name: "2024", typeOid: 25 }],
      rows: [
        ["a", "1", "2"],
        ["b", "", null],
      ],
    });
    const sorted = crosstab({ columns, rows }, ["1", "2", "3", "4"]);
    expect(sorted.columns.map(({ name }) => name)).toEqual(["place", "2024", "2025"]);
  });

  it("says what is wrong with its columns, and of two values for one place", () => {
    const told = (wanted: string[], more: TextRow[] = []) => {
      try {
        crosstab({ columns, rows: [...rows, ...more] }, wanted);
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(told([])).toBe("Which column has the values?");
    expect(told(["place", "place", "sum"])).toContain("the same column");
    expect(told(["nope"])).toBe("The answer has no column nope.");
    expect(told(["5"])).toBe("There is no column 5: the answer has 4.");
    expect(told(["place", "year", "sum"], [["a", "2024", "3", ""]])).toBe(
      "There are several values for row a, column 2024.",
    );
  });
});
