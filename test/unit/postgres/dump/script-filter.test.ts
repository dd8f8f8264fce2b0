import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { expect, it } from "vitest";
import { ScriptFilter } from "../../../../src/postgres/dump/script-filter.ts";

const statements = [
  "SET client_encoding = 'UTF8'",
  `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $_x$ begin return 'a;' || $$b;$$; end $_x$`,
  `INSERT INTO t VALUES ('it''s; fine', E'back\\'slash; \\\\', "quoted;name")`,
  "CREATE TABLE /* not; /* here; */ either; */ odd (a int, -- nor; here\n b int)",
  "SELECT 'ünïcödé \\ no escape'",
  "SELECT 1 - 2 / 3",
];
const rows = "1\tone;\\\\ two\n\\N\t--\n\\\\.\t'\n";
const script = `--\n-- PostgreSQL database dump\n--\n\n\\restrict abcDEF123\n\n${statements.slice(0, 3).join(";\n\n")};\n
COPY public.t (a, b) FROM stdin;\n${rows}\\.\n\n\nCOPY empty FROM stdin WITH (FORMAT text);\n\\.\n
${statements.slice(3).join(";\n")};\n\n-- done;\n\n\\unrestrict abcDEF123\n`;

async function filter(input: string | Buffer, size: number, drop: RegExp = /^$/) {
  const bytes = Buffer.from(input);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  const seen: string[] = [];
  const stream = new ScriptFilter((statement) => {
    seen.push(statement.trim());
    return drop.test(statement.trim()) ? null : statement;
  });
  const [output] = await Promise.all([text(stream), pipeline(Readable.from(chunks), stream)]);
  return { seen, output };
}

it.each([1, 2, 3, 7, 64, 100_000])("finds the same statements in pieces of %s bytes", async (size) => {
  const { seen, output } = await filter(script, size);
  expect(seen.map((statement) => statement.replace(/^(?:--[^\n]*\s*)+/, "").replace(/;$/, ""))).toEqual([
    // Rows are not looked at.
    ...statements.slice(0, 2),
    "COPY public.t (a, b) FROM stdin",
    "COPY empty FROM stdin WITH (FORMAT text)",
    ...statements.slice(3),
  ]);
  expect(output).toContain(`COPY public.t (a, b) FROM stdin;\n${rows}\\.\n`);
  expect(output).toContain("COPY empty FROM stdin WITH (FORMAT text);\n\\.\n");
  expect(output).toContain(`${statements[2]};`);
  expect(output).not.toContain("restrict");
});

it.each([1, 5, 1000])("leaves statements out, with the rows of a COPY (pieces of %s bytes)", async (size) => {
  const { output } = await filter(script, size, /^COPY public|^(?:--[^\n]*\s*)*CREATE TABLE/);
  expect(output).not.toContain("two");
  expect(output).not.toContain("odd");
  expect(output).toContain("COPY empty");
  expect(output).toContain(statements[4]);
});

it("reads a statement of many megabytes", async () => {
  const text = `INSERT INTO t VALUES ('${"x".repeat(8_000_000)}', E'${"y\\'".repeat(1_000_000)}');\nSELECT 1;`;
  const { seen, output } = await filter(text, 16_384);
  expect(seen).toEqual(["SELECT 1;"]);
  // Each of the two begins on a line of its own.
  expect(output.length).toBe(text.length + 2);
});

it("passes bytes of any encoding on as they are", async () => {
  const latin = Buffer.from("INSERT INTO t VALUES ('\xe9\xff;');\nCOPY t FROM stdin;\n\xe9\n\\.\n", "latin1");
  const stream = new ScriptFilter((statement) => statement);
  const parts: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => parts.push(chunk));
  await pipeline(Readable.from([latin]), stream);
  expect(Buffer.concat(parts).toString("latin1")).toContain("'\xe9\xff;'");
  expect(Buffer.concat(parts).toString("latin1")).toContain("\n\xe9\n\\.");
});

it.each([
  ["\\! rm -rf /", 1],
  ["select 1;\n\n\\copy t from program 'x'", 3],
  ["select 1 \\g /tmp/file\n;", 1],
  ["\\i /etc/passwd\n", 1],
  ["select 1; \\restrict x \\! y\nselect 'a' \\! z", 2],
])("refuses %j and says in which line", async (input, line) => {
  for (const size of [1, 1000]) {
    await expect(filter(input, size)).rejects.toMatchObject({
      code: "Y6032",
      detail: expect.stringContaining(`Line ${line}:`) as unknown,
    });
  }
});

it("knows a file that is cut off in the middle of rows", async () => {
  await expect(filter("COPY t FROM stdin;\n1\n2", 4)).rejects.toMatchObject({ code: "Y6032" });
  await expect(filter("COPY t FROM stdin;", 4)).rejects.toMatchObject({ code: "Y6032" });
});
