import { describe, expect, it } from "vitest";
import { formatBytes, formatTime } from "../../../src/cli/format.ts";
import { repeatedNames, resultToCsv } from "../../../src/cli/print-answers.ts";
import { renderResult } from "../../../src/cli/render-result.ts";
import { sqlResult } from "../../../src/cli/sql-result.ts";
import { cellText, displayWidth, renderColumns, renderGrid } from "../../../src/cli/table.ts";

describe("the grid", () => {
  it("puts names over a line over rows", () => {
    const rows = [[1, "Alice", "alice@co.com"]];
    expect(renderGrid({ columns: ["id", "name", "email"], rows })).toBe(
      "id │ name  │ email\n───┼───────┼──────────────\n1  │ Alice │ alice@co.com",
    );
  });

  it("has a line as wide as its only column", () => {
    expect(renderGrid({ columns: ["count"], rows: [["42"]] })).toBe("count\n─────\n42");
  });

  it("keeps columns straight under wide characters", () => {
    const [head, , first, second] = renderGrid({
      columns: ["a", "b"],
      rows: [
        ["漢字", 1],
        ["e\u0301", 2],
      ],
    }).split("\n");
    const at = (line: string) => displayWidth(line.slice(0, line.indexOf("│")));
    expect([at(head!), at(first!), at(second!)]).toEqual([5, 5, 5]);
  });

  it("shows control characters instead of sending them to the terminal", () => {
    expect(cellText("\u001b[31mred\nnext\u0007")).toBe("\\x1b[31mred\\nnext\\x07");
  });

  it("tells NULL from the empty text", () => {
    expect([cellText(null), cellText("")]).toEqual(["NULL", ""]);
  });
});

describe("a result", () => {
  it("with rows ends with their number and the time", () => {
    const columns = [{ name: "count", type_oid: 20, type: "int8" }];
    expect(renderResult(sqlResult(columns, [["42"]], 1), 38.2)).toBe("count\n─────\n42\n\n(1 row)\n\n38ms");
  });

  it("shows two columns of one name", () => {
    const column = { name: "a", type_oid: 23, type: "int4" };
    expect(renderResult(sqlResult([column, column], [[1, 2]], 1), 1)).toMatch(/^a │ a\n──┼───\n1 │ 2\n/);
  });

  it("is CSV with a head even where there are no rows, both of two columns of one name, and NULL apart from the empty text", () => {
    const column = { name: "a", type_oid: 25, type: "text" };
    expect(resultToCsv(sqlResult([column, column], [], 0))).toBe("a,a\n");
    const rows = [
      ["x,y", '"'],
      [null, ""],
      [{ b: 1 }, true],
    ];
    expect(resultToCsv(sqlResult([column, column], rows, 3))).toBe(
      'a,a\n"x,y",""""\n,""\n"{""b"":1}",true\n',
    );
    expect(resultToCsv(sqlResult(undefined, [], 3))).toBe("rows_affected\n3\n");
  });

  it("names the columns that an object cannot hold beside each other", () => {
    const named = (...names: string[]) => repeatedNames(names.map((name) => ({ name })));
    expect(named("id", "name")).toEqual([]);
    expect(named("id", "name", "id", "\u009b")).toEqual([
      'Of 2 columns called "id" only the last is shown. Give them names with AS, or take csv.',
    ]);
  });

  it("without rows tells how many were affected", () => {
    expect(renderResult(sqlResult(undefined, [], 1), 45)).toBe("1 row affected · 45ms");
    expect(renderResult(sqlResult(undefined, [], 2), 45)).toBe("2 rows affected · 45ms");
  });
});

describe("lists", () => {
  it("ignore colours when they measure", () => {
    expect(
      renderColumns([
        ["\u001b[32m•\u001b[39m a", "x"],
        ["bbbb", "y"],
      ]),
    ).toBe("\u001b[32m•\u001b[39m a   x\nbbbb  y");
  });
});

describe("times and sizes", () => {
  it("are written for people", () => {
    expect(formatTime("2026-04-12T14:22:59.123Z")).toBe("2026-04-12 14:22 UTC");
    expect([0, 1023, 1024, 18 * 1024 ** 2, 1.25 * 1024 ** 3].map(formatBytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 kB",
      "18 MB",
      "1.3 GB",
    ]);
  });
});
