/** A database in a machine of its own, once through: wherever its image has been made. More on request, in the other files. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hasImage } from "../support/has-guests.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { createSleepingDatabase } from "../support/sleeping-database.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 240_000 });

describe.skipIf(!(await hasImage()))("a machine of a database's own", () => {
  let postern: PosternHome;
  beforeAll(async () => {
    postern = await createPosternHome();
    await postern.start();
  });
  afterAll(() => postern?.close());

  it("boots, answers, falls asleep, goes on where it was, and is gone with its database", async () => {
    const shop = await createSleepingDatabase(postern, {
      name: "shop",
      class: "db.p1",
      isolation: "microvm",
    });
    const folder = join(postern.home, "instances", shop.instance);
    await shop.overHttp("create table t as select 42 as n");
    const startedAt = "select n, pg_postmaster_start_time()::text as at from t";
    const [before] = await shop.overHttp(startedAt);
    expect(before).toMatchObject({ n: 42 });
    expect((await shop.pause()).status).toBe("paused");
    expect(existsSync(join(folder, "data", "memory"))).toBe(true);
    expect(await shop.overPostgres("direct", startedAt)).toEqual([before]);
    expect(existsSync(join(folder, "data", "memory"))).toBe(false);
    await postern.api("DELETE", `/v1/databases/${shop.id}?skip_snapshot=true`);
    await waitUntil("its machine is gone", async () => !existsSync(folder), 60_000);
  });
});
