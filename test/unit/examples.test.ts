/** The examples' folders fit together: versions, copies of one file, and the list of them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const folders = readdirSync(new URL("examples/", root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const withPackages = folders.filter((name) => existsSync(new URL(`examples/${name}/package.json`, root)));

interface Lock {
  packages: Record<string, { version: string }>;
}

describe("the examples", () => {
  it("are all listed, and each has a README", () => {
    const list = read("examples/README.md");
    for (const name of folders) expect(list).toContain(`](${name}`);
    for (const name of withPackages) expect(read(`examples/${name}/README.md`)).toMatch(/^# /);
  });

  it.each(withPackages)("%s pins the versions that the tests install", (name) => {
    const locks = ["package-lock.json", "test/clients/package-lock.json"].map(
      (file) => JSON.parse(read(file)) as Lock,
    );
    const { dependencies, devDependencies } = JSON.parse(read(`examples/${name}/package.json`));
    // The SDK is a folder of the checkout.
    const folderOf = (wanted: string) =>
      wanted === "@postern/sdk" ? "packages/sdk" : `node_modules/${wanted}`;
    for (const [wanted, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(locks.map(({ packages }) => packages[folderOf(wanted)]?.version)).toContain(version);
  });

  it("share their servers word for word, so that only the database's part differs", () => {
    const servers = ["links-kysely", "links-drizzle", "links-prisma"].map((name) =>
      read(`examples/${name}/src/server.ts`),
    );
    expect(new Set(servers).size).toBe(1);
    expect(read("examples/links-knex/server.js")).toBe(read("examples/links-pg/server.js"));
  });
});
