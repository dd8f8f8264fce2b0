import { afterAll, beforeAll, expect, it } from "vitest";
import { createTasks } from "../../../src/maintenance/maintenance-timer.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

it("forgets tokens that nobody can use for 30 days, and no others", async () => {
  const { state } = fixture.platform;
  const { id } = await fixture.createDatabase();
  const tokens = {
    used: [null, null],
    "expires soon": ["now() + interval '1 hour'", null],
    "expired yesterday": ["now() - interval '1 day'", null],
    "expired long ago": ["now() - interval '31 days'", null],
    "revoked yesterday": [null, "now() - interval '1 day'"],
    "revoked long ago": ["now() + interval '1 year'", "now() - interval '31 days'"],
  };
  for (const [index, [label, [expires, revoked]]] of Object.entries(tokens).entries()) {
    await state.query(
      `insert into database_tokens (id, database_id, token_hash, label, scope, expires_at, revoked_at)
       values ($1, $2, $3, $4, 'full', ${expires ?? "null"}, ${revoked ?? "null"})`,
      [`tok-0000000000${index}0`, id, Buffer.alloc(32, index), label],
    );
  }

  await createTasks()
    .find(({ name }) => name === "forget tokens")!
    .runOnce(fixture.platform);

  const { rows } = await state.query<{ label: string }>(
    "select label from database_tokens where label = any ($1) order by id",
    [Object.keys(tokens)],
  );
  expect(rows.map(({ label }) => label)).toEqual([
    "used",
    "expires soon",
    "expired yesterday",
    "revoked yesterday",
  ]);
});
