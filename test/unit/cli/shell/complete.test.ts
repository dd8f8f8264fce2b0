import { describe, expect, it } from "vitest";
import type { Catalog } from "../../../../src/cli/shell/catalog.ts";
import { complete } from "../../../../src/cli/shell/complete.ts";

const relation = (schema: string, name: string, columns: string[], visible = true) => ({
  schema,
  name,
  kind: "table",
  visible,
  columns: columns.map((column) => ({ name: column, type: "text" })),
});
const catalog: Catalog = {
  schemas: ["public", "sales"],
  relations: [
    relation("public", "users", ["id", "name", "email"]),
    relation("public", "posts", ["id", "user_id", "Title"]),
    relation("sales", "orders", ["id", "total"], false),
  ],
  functions: [
    { schema: "public", name: "slugify", visible: true },
    { schema: "sales", name: "tax", visible: false },
  ],
};

/** What Tab offers at `|`. */
function offered(marked: string): string[] | undefined {
  const cursor = marked.indexOf("|");
  return complete(marked.replace("|", ""), cursor, catalog)?.candidates.map(({ text }) => text);
}

describe("Tab offers", () => {
  it.each([
    ["sel|", ["select"]],
    ["SEL|", ["SELECT"]],
    ["select * from us|", ["users"]],
    ["select * from users u join po|", ["posts"]],
    ["select * from users, po|", ["posts"]],
    ["insert into p|", ["posts", "public."]],
    ["select em| from users", ["email"]],
    ["select * from sales.|", ["orders", "tax("]],
    ["select u.| from users u", ["id", "name", "email"]],
    ["select users.na| from users", ["name"]],
    ["select p.T| from posts as p", ['"Title"']],
    ["select sales.|", ["orders", "tax("]],
    ["select * from sales.or|", ["orders"]],
    ["select slug|", ["slugify("]],
    ["update users set nam|", ["name"]],
    ["select 1; select em| from users; select 2", ["email"]],
    ["select ema|\nfrom users", ["email"]],
    ["\\d us|", ["users"]],
    ["\\timing o|", ["on", "off"]],
    ["\\pset format ma|", ["markdown"]],
    ["\\errv|", ["\\errverbose"]],
  ])("for %j", (text, wanted) => {
    expect(offered(text)).toEqual(wanted);
  });

  it("nothing inside of strings and comments", () => {
    expect([offered("select 'sel|"), offered("select $$ sel|"), offered("-- sel|")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("the columns in scope first where nothing is typed yet", () => {
    expect(offered("select | from users")).toEqual(["id", "name", "email", "users"]);
  });

  it("orders only with its schema, which is not searched", () => {
    expect(offered("select * from ord|")).toEqual([]);
    expect(offered("select * from sales|")).toEqual(["sales.orders", "sales."]);
  });
});
