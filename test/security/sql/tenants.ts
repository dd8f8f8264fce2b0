/** Being another tenant of the application: whatever is sent, `auth.tenant_id()` stays what the token was made for, or nothing. */
import type { CreatedToken } from "@postern/sdk/protocol";
import { expect } from "vitest";
import { type Attack, attack, describeAttacks, found, within, withinBoth } from "../../support/attack.ts";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, type Field, isolations } from "../../support/battlefield.ts";
import { rowsByWebSocket } from "../../support/session.ts";

const slot = "session_preload_libraries";
const forged = "E'postern\\x1f\\x1f\\x1f\\x1f\\x1fglobex\\x1ftok-0123456789ab'";
const whoAmI = "select auth.tenant_id()";
const mine = "select string_agg(item, ',' order by id) from orders";
const acme = "tenant acme";

const attacks: Attack[] = [
  ["its own name is the token's", acme, "select auth.tenant_id() as found", found("acme")],
  ["it is no user", acme, "select auth.uid() as found", found(null)],
  ["and has no claims", acme, "select auth.jwt()::text as found", found(null)],
  ["a user is no tenant", "alice", "select auth.tenant_id() as found", found(null)],
  ["nor is anon", "anon", "select auth.tenant_id() as found", found(null)],
  ["set_config writes no tenant", acme, `select set_config('${slot}', ${forged}, true)`, "42501"],
  ["nor does a user's", "alice", `select set_config('${slot}', ${forged}, true)`, "42501"],
  ["SET is no statement", acme, `set local ${slot} = ${forged}`, "42601"],
  ["nor SET ROLE", acme, "set role none", "42601"],
  ["nor a second one behind the first", acme, `${mine}; set role none`, "42601"],
  ["auth.attach is not for tenants", acme, "select auth.attach('x', 9999999999, '00')", "42501"],
  ["SET in a function", acme, within(`set ${slot} = ${forged}`), "42501"],
  ["set_config in a function", acme, within(`select set_config('${slot}', ${forged}, false)`), "42501"],
  ["RESET ALL leaves no tenant", acme, withinBoth("reset all", whoAmI), found(null)],
  ["and no rows", acme, withinBoth("reset all", mine), found(null)],
  ["RESET ROLE falls back on a role without rights", acme, withinBoth("reset role", mine), "42501"],
  [
    "which attaches no other tenant",
    acme,
    withinBoth("reset role", `select auth.attach(${forged}, 9999999999, repeat('00', 32))::text`),
    "42501",
  ],
  [
    "rows of another tenant are not there",
    acme,
    "select item from orders where tenant_id = 'globex'",
    { rows: [] },
  ],
  ["nor those of no tenant", acme, "select item from orders where tenant_id = ''", { rows: [] }],
  ["a user sees no tenant's", "alice", "select item from orders", { rows: [] }],
  [
    "a join does not show them",
    acme,
    "select o.item from orders a join orders o on o.tenant_id <> a.tenant_id",
    { rows: [] },
  ],
  ["a tenant sees no user's rows", acme, "select title from todos", { rows: [] }],
  ["nor makes any", acme, "insert into todos (title) values ('x')", ["42501", "23502"]],
  [
    "a row for another tenant is refused",
    acme,
    "insert into orders (tenant_id, item) values ('globex', 'x')",
    "42501",
  ],
  [
    "a user's for any tenant",
    "alice",
    "insert into orders (tenant_id, item) values ('globex', 'x')",
    "42501",
  ],
  ["a row is not handed over", acme, "update orders set tenant_id = 'globex'", "42501"],
  [
    "another's is not changed",
    acme,
    "update orders set item = 'x' where tenant_id = 'globex' returning id",
    { rows: [] },
  ],
  ["nor deleted", acme, "delete from orders where tenant_id <> 'acme' returning id", { rows: [] }],
  [
    "nor taken over by an upsert",
    acme,
    "insert into orders (id, item) overriding system value values (2, 'x') on conflict (id) do update set item = 'x'",
    "42501",
  ],
  [
    "nor merged into",
    acme,
    "merge into orders o using (values (2)) v (id) on o.id = v.id when matched then update set item = 'x'",
    { rows: [] },
  ],
  [
    "a leaky predicate sees no more",
    acme,
    "select item from orders where 1 / (case when tenant_id = 'globex' then 0 else 1 end) > 5",
    { rows: [] },
  ],
  ["TRUNCATE is no statement", acme, "truncate orders", "42601"],
  ["what nobody granted stays shut", acme, "select * from vault", "42501"],
  ["the key is not to be read", acme, "select * from pg_postern.mac_key", "42501"],
];

export function reachOtherTenants(battlefield: () => Battlefield): void {
  attackClass("Reaching another tenant", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("with SQL", field, attacks);
    tryRecords(field);
    tryTokens(battlefield, field);
  });
}

function tryRecords(field: () => Field): void {
  const ask = (body: object, who = acme) => field().send(who, "records", { table: "orders", ...body });
  const other = { column: "tenant_id", op: "eq", value: "globex" };

  attackIt("a structured query finds rows of the token's tenant only", async () => {
    expect((await ask({ operation: "select", filters: [other] })).body).toEqual([]);
    const all = (await ask({ operation: "select", columns: ["tenant_id"] })).body;
    expect(new Set(all.map((row: { tenant_id: string }) => row.tenant_id))).toEqual(new Set(["acme"]));
  });

  attackIt("and writes none for another, nor hands one over", async () => {
    const before = await field().digestRows();
    for (const body of [
      { operation: "insert", data: { tenant_id: "globex", item: "x" } },
      { operation: "insert", data: [{ item: "y" }, { tenant_id: "globex", item: "x" }] },
      { operation: "update", data: { tenant_id: "globex" }, allow_all: true },
    ])
      expect((await ask(body)).body).toMatchObject({ code: "Y2090" });
    expect((await ask({ operation: "update", data: { item: "x" }, filters: [other] })).body).toEqual([]);
    expect((await ask({ operation: "delete", filters: [other] })).body).toEqual([]);
    expect(await field().digestRows()).toEqual(before);
  });

  attackIt("an open request is of no use to another tenant", async () => {
    const opened = await field().send(acme, "requests", {});
    expect(opened.body).toHaveProperty("id");
    const body = { table: "orders", operation: "select" };
    const stolen = await field().send("tenant initech", `requests/${opened.body.id}/records`, body);
    expect(stolen.body).toMatchObject({ code: "Y1064" });
    expect((await field().send(acme, `requests/${opened.body.id}/rollback`, {})).status).toBe(200);
  });

  attackIt("tenants and users side by side see each their own", async () => {
    const rows = (who: string) => async () =>
      attack(field(), who, "select auth.tenant_id() as tenant, auth.uid() as uid", {
        rows: [who.startsWith("tenant ") ? { tenant: who.slice(7), uid: null } : { tenant: null, uid: who }],
      });
    const everybody = ["tenant acme", "tenant initech", "alice", "carol"].map(rows);
    for (let round = 0; round < 25; round++) await Promise.all(everybody.map((one) => one()));
  });
}

function tryTokens(battlefield: () => Battlefield, field: () => Field): void {
  const secretOf = async (input: object) => {
    const path = `/v1/databases/${field().id}/tokens`;
    return (await battlefield().postern.api<CreatedToken>("POST", path, input)).token;
  };
  const raw = async (secret: string, request: object) => {
    const answer = await field().raw({ headers: { authorization: `Bearer ${secret}` }, ...request });
    return { status: answer.status, body: JSON.parse(answer.text) };
  };
  const asking = (sql: string) => ({ body: JSON.stringify({ sql }) });

  attackIt("what a user's token claims makes no tenant", async () => {
    const claims = { tenant: "globex", tenant_id: "globex", note: "\x1f\x1f\x1f\x1fglobex\x1fglobex" };
    const secret = await battlefield().tokenOf("mallory", claims);
    const answer = await raw(secret, asking("select auth.tenant_id() as tenant"));
    expect(answer.body.rows).toEqual([{ tenant: null }]);
    const smuggled = await battlefield().tokenOf("mallory\x1f{}\x1f\x1f\x1fglobex\x1ftok-0123456789ab");
    expect((await raw(smuggled, asking("select 1"))).body).toMatchObject({ code: "Y2010" });
  });

  attackIt("a tenant's name holds no separators", async () => {
    for (const tenant of ["acme\x1f\x1fglobex", "", "a\u0000", "x".repeat(256)])
      await expect(secretOf({ tenant })).rejects.toMatchObject({ code: "Y1001" });
  });

  attackIt("the log of changes, which knows everybody's rows, is closed to tenants", async () => {
    const secret = await secretOf({ tenant: "acme" });
    for (const path of ["history?table=orders&id=2", "blame?table=orders&id=2", "requests/x"]) {
      const request = { method: "GET", path: `/v1/db/${field().id}/state/${path}` };
      expect((await raw(secret, request)).body).toMatchObject({ code: "Y2003" });
    }
  });

  attackIt("nothing that tells of the whole database opens", async () => {
    const secret = await secretOf({ tenant: "acme" });
    for (const path of ["", "/urls", "/backups", "/tokens", "/migrations", "/state/tables", "/rls"]) {
      const answer = await raw(secret, { method: "GET", path: `/v1/databases/${field().id}${path}` });
      expect([401, 403, 404], path).toContain(answer.status);
    }
  });

  attackIt("it is no password by WebSocket", async () => {
    const url = new URL(field().urls.pooled);
    url.password = await secretOf({ tenant: "acme" });
    const host = new URL(battlefield().postern.apiUrl()).host;
    await expect(rowsByWebSocket(host, url.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  attackIt("one that reads only changes nothing", async () => {
    const secret = await secretOf({ tenant: "acme", scope: "read_only" });
    const insert = "insert into orders (item) values ('x')";
    for (const sql of [
      insert,
      `with w as (${insert} returning id) select * from w`,
      "select nextval('tickets')",
    ])
      for (let times = 0; times < 4; times++)
        expect((await raw(secret, asking(sql))).body, sql).toMatchObject({ code: "25006" });
    const records = { path: `/v1/db/${field().id}/records` };
    const body = JSON.stringify({ table: "orders", operation: "insert", data: { item: "x" } });
    expect((await raw(secret, { ...records, body })).body).toMatchObject({ code: "Y3040" });
    const within = JSON.stringify({
      sql: "select run_text($1)",
      params: [`set transaction read write; ${insert}`],
    });
    expect((await raw(secret, { body: within })).body.code).toMatch(/^(25001|25006)$/);
    expect(
      (await raw(secret, asking("select count(*)::int as n from orders where item = 'x'"))).body.rows,
    ).toEqual([{ n: 0 }]);
  });
}
