/** Whose request a statement is, said in front of it where something is tracked: it must never stand in the statement's way. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Signer } from "../../../src/query/client/sign-identity.ts";
import { createQueryService, type QueryService } from "../../../src/query/query-service.ts";
import {
  clientLimits,
  type QueryFixture,
  queryLimits,
  startQueryFixture,
  target,
  textOf,
} from "../../support/query-fixture.ts";

let fixture: QueryFixture;
let service: QueryService;
let asked = 0;

beforeAll(async () => {
  fixture = await startQueryFixture();
});
afterEach(() => service.close());
afterAll(() => fixture.close());

function open(prepareLog: () => Promise<Signer>): void {
  asked = 0;
  service = createQueryService({
    limits: queryLimits,
    clientLimits,
    findAddress: async () => fixture.address,
    openClientAccess: async () => Promise.reject(new Error("there are no clients here")),
    prepareLog: () => {
      asked += 1;
      return prepareLog();
    },
  });
}
const wrongSigner = async () => ({ login: "nobody", macKey: Buffer.alloc(32) });
const options = { requestId: "req-1" };
const insert = async (id: number) =>
  JSON.parse(
    textOf(await service.execute(target, { sql: `insert into marked values (${id}) returning id` }, options)),
  );

describe("where nothing is tracked", () => {
  it("nothing is asked for and nothing is said", async () => {
    await fixture.admin.query(
      "create table marked (id int primary key); alter table marked owner to db_owner",
    );
    open(wrongSigner);
    expect(await insert(1)).toMatchObject({ rows_affected: 1 });
    expect(asked).toBe(0);
  });
});

describe("where a table is tracked", () => {
  beforeAll(() =>
    // The name and the owner are what tells Postern's trigger from others.
    fixture.admin.query(`
      create role postern_log;
      create function capture_mutation() returns trigger language plpgsql as 'begin return null; end';
      grant create on schema public to postern_log;
      alter function capture_mutation() owner to postern_log;
      create trigger postern_capture after insert on marked for each row execute function capture_mutation('all')`),
  );

  it("a statement whose mark the database refuses is run without it, once", async () => {
    open(wrongSigner);
    expect(await insert(2)).toMatchObject({ rows_affected: 1, rows: [{ id: 2 }] });
    const statements = [
      { sql: "insert into marked values (3)" },
      { sql: "select count(*)::int as n from marked" },
    ];
    const { results } = JSON.parse(textOf(await service.transaction(target, { statements }, options)));
    expect(results[1].rows).toEqual([{ n: 3 }]);
    expect(asked).toBeGreaterThan(0);
  });

  it("an error of the statement is the statement's own", async () => {
    open(wrongSigner);
    await expect(insert(2)).rejects.toMatchObject({ code: "23505" });
    const statements = [{ sql: "insert into marked values (4)" }, { sql: "insert into marked values (4)" }];
    await expect(service.transaction(target, { statements }, options)).rejects.toMatchObject({
      code: "23505",
      statementIndex: 1,
    });
  });

  it("a log that cannot be made ready holds nothing up", async () => {
    open(() => Promise.reject(new Error("no daemon")));
    expect(await insert(5)).toMatchObject({ rows_affected: 1 });
    expect(await insert(6)).toMatchObject({ rows_affected: 1 });
    expect(asked).toBeGreaterThan(0);
  });
});
