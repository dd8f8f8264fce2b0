import { describe, expect, it } from "vitest";
import { limitedSql } from "../../../src/instances/registered/limited-sql.ts";

describe("limitedSql", () => {
  it.each(["identity", "client-access", "state-log"] as const)(
    "leaves nothing in %s that takes a superuser",
    async (script) => {
      const sql = await limitedSql(script);
      expect(sql).not.toMatch(
        /session_preload_libraries|pg_postern|allow_system_table_mods|grant pg_read_all_settings/,
      );
      expect(sql).toContain("postern.identity_slot()");
    },
  );

  it("fills the slot wherever an identity is believed", async () => {
    expect(await limitedSql("client-access")).toContain(
      "written := postern.fill_slot(concat(E'postern\\x1f', claims));",
    );
    expect(await limitedSql("state-log")).toContain(
      "written := postern.fill_slot(concat(E'postern-request\\x1fowner\\x1f\\x1f', context));",
    );
  });
});
