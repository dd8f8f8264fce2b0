import { describe, expect, it } from "vitest";
import { type MigrationFile, readMigrationBodies } from "../../../src/migrations/migration-file.ts";
import { planMigrations, refuseDrift, remarksOn } from "../../../src/migrations/plan-migrations.ts";

const files = readMigrationBodies(
  ["001_a.sql", "002_b.sql", "003_c.sql"].map((name) => ({ name, sql: name })),
);
const applied = ({ name, checksum }: Pick<MigrationFile, "name" | "checksum">) => ({
  name,
  checksum,
  appliedAt: new Date(0),
  durationMs: 1,
  noTransaction: false,
});
const statesOf = (...rows: Parameters<typeof planMigrations>[1]) =>
  planMigrations(files, rows).map(({ name, state }) => `${name} ${state}`);

describe("planMigrations", () => {
  it("tells applied, changed and pending files, and applied ones without a file, in order", () => {
    const rows = [
      applied(files[0]!),
      applied({ name: "002_b.sql", checksum: "another" }),
      applied({ name: "0025_gone.sql", checksum: "x" }),
    ];
    expect(statesOf(...rows)).toEqual([
      "001_a.sql applied",
      "0025_gone.sql missing",
      "002_b.sql changed",
      "003_c.sql pending",
    ]);
  });
});

describe("refuseDrift", () => {
  it("names every changed file with both checksums", () => {
    const plan = planMigrations(files, [applied({ name: "002_b.sql", checksum: "0123456789abcdef" })]);
    expect(() => refuseDrift(plan)).toThrow(
      expect.objectContaining({
        code: "Y5001",
        message: "002_b.sql was changed after being applied.",
        detail: expect.stringContaining("0123456789ab…"),
      }),
    );
  });

  it("lets everything else pass", () => {
    refuseDrift(planMigrations(files, [applied(files[0]!), applied({ name: "gone.sql", checksum: "x" })]));
  });
});

describe("remarksOn", () => {
  it("says which applied files are gone and which pending ones come late", () => {
    const plan = planMigrations(files, [applied(files[1]!), applied({ name: "0.sql", checksum: "x" })]);
    expect(remarksOn(plan)).toEqual([
      "0.sql is applied, but there is no such file.",
      "001_a.sql comes before 002_b.sql, which is already applied.",
    ]);
  });
});
