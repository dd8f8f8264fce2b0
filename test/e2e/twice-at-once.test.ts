/** Two of the same at once, of every kind: both are done, one after the other, or the second is refused with a reason. */
import type { CreatedDatabase, DatabaseInfo, OperationInfo, QueryResult } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { waitForEnd } from "../support/crash-driver.ts";
import { expectTidyHome } from "../support/expect-tidy-home.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

// Some thirty operations, on machines that do other things as well.
vi.setConfig({ testTimeout: 240_000 });

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());

interface Answer {
  /** Of the operation; null: it was done at once. */
  id: string | null;
  /** Of the error that it was refused with. */
  code: string | null;
}

async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  try {
    const answer = await postern.api<{ id?: string; operation_id?: string }>(method, path, body);
    const id = answer.operation_id ?? answer.id ?? "";
    return { id: id.startsWith("op-") ? id : null, code: null };
  } catch (error) {
    return { id: null, code: (error as { code: string }).code };
  }
}

/** Returns the codes of refusals; whatever was accepted has to go well, or to say why not with one of `mayEndWith`. */
async function sendTwice(
  method: string,
  path: string,
  body?: unknown,
  mayEndWith: readonly string[] = [],
): Promise<string[]> {
  const answers = await Promise.all([send(method, path, body), send(method, path, body)]);
  let completed = 0;
  for (const { id, code } of answers) {
    if (code !== null) continue;
    const operation = id === null ? undefined : await waitForEnd(postern, id);
    if (operation?.status === "failed") expect(mayEndWith, path).toContain(operation.error!.code);
    else completed += 1;
  }
  expect(completed, `${path}: ${JSON.stringify(answers)}`).toBeGreaterThan(0);
  return answers.flatMap(({ code }) => code ?? []);
}

const create = (input: object) => postern.api<CreatedDatabase>("POST", "/v1/databases", input);
const sql = async ({ id, token }: CreatedDatabase, text: string) =>
  (await postern.api<QueryResult>("POST", `/v1/db/${id}/query`, { sql: text }, token)).rows;
const fill = "create table t as select g as id from generate_series(1, 500) g";
const count = "select count(*)::int as n from t";

it("backups, trial restores, restores, emptying and new passwords are done one after the other", async () => {
  const shop = await create({ name: "shop" });
  const path = `/v1/databases/${shop.id}`;
  await sql(shop, fill);
  expect(await sendTwice("POST", `${path}/backups`, {})).toEqual([]);
  const backups = await postern.api<{ id: string; status: string }[]>("GET", `${path}/backups`);
  expect(backups.map(({ status }) => status)).toEqual(["completed", "completed"]);
  const [backup, other] = backups.map(({ id }) => id);
  expect(await sendTwice("POST", `/v1/backups/${backup}/verify`)).toEqual([]);
  expect(await sendTwice("POST", `${path}/restore`, { backup_id: backup })).toEqual([]);
  expect(await sql(shop, count)).toEqual([{ n: 500 }]);
  await sendTwice("DELETE", `/v1/backups/${other}`, undefined, ["Y6001"]);
  expect(await sendTwice("POST", `${path}/reset-password`, {})).toEqual([]);
  expect(await sql(shop, count)).toEqual([{ n: 500 }]);
  const files = [{ name: "001_t.sql", sql: fill }];
  expect(
    await sendTwice("POST", `${path}/migrations`, {
      files: [{ name: "001_u.sql", sql: "create table u ()" }],
    }),
  ).toEqual([]);
  expect(await sendTwice("POST", `${path}/reset`, { files })).toEqual([]);
  expect(await sql(shop, count)).toEqual([{ n: 500 }]);
  expect(await sendTwice("POST", `${path}/wipe`, {})).toEqual([]);
  expect(await sql(shop, "select from pg_class where relname = 't'")).toEqual([]);
  await expectTidyHome(postern);
});

it("a name is taken once; a branch that is being reset, promoted or deleted refuses the second", async () => {
  const shop = await create({ name: "parent" });
  await sql(shop, fill);
  const path = `/v1/databases/${shop.id}`;
  expect(await sendTwice("POST", "/v1/databases", { name: "one" })).toEqual(["Y3002"]);
  expect(await sendTwice("POST", `${path}/branches`, { name: "twig" })).toEqual(["Y3002"]);
  for (const what of ["reset", "promote"]) {
    const [code] = await sendTwice("POST", `/v1/databases/twig/branch/${what}`, {});
    expect(["Y3004", "Y3072"]).toContain(code);
  }
  expect(await sql(shop, count)).toEqual([{ n: 500 }]);
  await sendTwice("DELETE", "/v1/databases/twig");
  await sendTwice("DELETE", "/v1/databases/one");
  const left = await postern.api<DatabaseInfo[]>("GET", "/v1/databases");
  expect(left.map(({ name }) => name)).not.toContain("twig");
  const [code] = await sendTwice("POST", "/v1/databases/one/undelete");
  expect(["Y3001", "Y3004"]).toContain(code);
  await expectTidyHome(postern);
});

it("a database moves once, and falls asleep and wakes once", async () => {
  const shop = await create({ name: "mover" });
  await sql(shop, fill);
  const path = `/v1/databases/${shop.id}`;
  expect(await sendTwice("POST", `${path}/scale`, { class: "db.p2" })).toEqual(["Y3043"]);
  await sendTwice("POST", `${path}/pause`);
  await sendTwice("POST", `${path}/resume`);
  expect(await sql(shop, count)).toEqual([{ n: 500 }]);
  const ended = await postern.api<OperationInfo[]>("GET", "/v1/operations?limit=100");
  expect(ended.filter(({ status }) => status === "failed" || status === "running")).toEqual([]);
  await expectTidyHome(postern);
});
