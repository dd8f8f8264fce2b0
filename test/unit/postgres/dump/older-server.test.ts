/** What a newer pg_restore writes, made fit for a server that is older. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { expect, it } from "vitest";
import { needsScript, scriptForOlderServer } from "../../../../src/postgres/dump/older-server.ts";

const settings = `--
-- PostgreSQL database dump
--

\\restrict aBc

SET statement_timeout = 0;
SET lock_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
`;
const rows = Buffer.concat([
  Buffer.from("COPY public.t (a) FROM stdin;\n\nSET transaction_timeout = 0;\n"),
  Buffer.from([0xff, 0x00, 0xe4, 0x0a]),
]);

async function through(bytes: Buffer, size: number): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  const script = scriptForOlderServer();
  const read = buffer(script);
  read.catch(() => {});
  await pipeline(Readable.from(chunks), script);
  return read;
}

it.each([1, 7, 100_000])("loses the setting and no other byte, in pieces of %i bytes", async (size) => {
  const got = await through(Buffer.concat([Buffer.from(settings), rows]), size);
  const wanted = Buffer.concat([Buffer.from(settings.replace("SET transaction_timeout = 0;\n", "")), rows]);
  expect(got.equals(wanted)).toBe(true);
});

it("lets an empty script be, and one that ends in its settings", async () => {
  expect((await through(Buffer.alloc(0), 10)).length).toBe(0);
  expect((await through(Buffer.from("\\restrict k\nSET lock_timeout = 0;\n"), 5)).toString()).toBe(
    "\\restrict k\nSET lock_timeout = 0;\n",
  );
});

it("refuses a script that does not shield psql, also where a row says so", async () => {
  const bare = settings.replace("\\restrict aBc\n", "");
  for (const text of [bare, `${bare}COPY t FROM stdin;\n\\restrict x\n`])
    await expect(through(Buffer.from(text), 64)).rejects.toMatchObject({ code: "Y0002" });
});

it("is needed by servers before 17 and programs from 17 on", () => {
  const needs = [15, 16, 17, 18].map((program) =>
    [15, 16, 17, 18].map((server) => needsScript(program, server)),
  );
  expect(needs).toEqual([
    [false, false, false, false],
    [false, false, false, false],
    [true, true, false, false],
    [true, true, false, false],
  ]);
});
