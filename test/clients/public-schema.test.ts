/** What reset scripts and ORMs do to the schema public: no login, role or helper of the platform may depend on it. */
import pg from "pg";
import { expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("DROP SCHEMA public CASCADE; CREATE SCHEMA public", (target) => {
  it("breaks no login", async () => {
    await rowsOf(target().url, "create table of_the_app (id int)");
    const client = new pg.Client(target().url);
    await client.connect();
    await client.query("drop schema public cascade; create schema public");
    await client.end();
    for (const url of [target().pooled, target().direct]) {
      expect(await rowsOf(url, "select current_user as u")).toEqual([{ u: target().user }]);
      await rowsOf(url, "create table if not exists of_the_app (id int)");
    }
  });

  it("leaves the platform's schemas where they are", async () => {
    expect(
      await rowsOf(
        target().url,
        "select nspname as s from pg_namespace where nspname in ('auth', 'postern') order by 1",
      ),
    ).toEqual([{ s: "auth" }, { s: "postern" }]);
  });
});
