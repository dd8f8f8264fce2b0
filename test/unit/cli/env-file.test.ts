import { parseEnv } from "node:util";
import { describe, expect, it } from "vitest";
import { formatEnvFile, mergeEnvFile } from "../../../src/cli/env-file.ts";
import { maskSecret, maskVariables, refuseReserved } from "../../../src/cli/variables.ts";
import { databaseVariables } from "../../../src/manifest/database-variables.ts";

const urls = {
  pooled: "postgres://u:secret@127.0.0.1:6432/d",
  direct: "postgres://u:secret@127.0.0.1:5433/d",
  http: "http://db-1.localhost:5480",
  host: "db-1.localhost:5480",
  user: "u",
  password: "secret",
  database: "d",
  pool_port: 6432,
  direct_port: 5433,
};

describe("an env file", () => {
  it("reads back as it was written", () => {
    const variables = { A: "plain", B: "a b#c", C: "postgres://x/y?a=1&b=2", D: "$HOME `x`", E: "" };
    expect(parseEnv(formatEnvFile(variables))).toEqual(variables);
  });

  it("keeps the user's own lines when variables are replaced", () => {
    const text = "# mine\nexport A=old\nOTHER=1\n";
    expect(mergeEnvFile(text, { A: "new", B: "2" })).toBe("# mine\nA=new\nOTHER=1\nB=2\n");
  });
});

describe("the variables of a database", () => {
  const variables = databaseVariables(urls, "db-1", "0123456789abcdef");

  it("have the pooled URL plain, and Prisma's with its settings", () => {
    expect(variables.DATABASE_URL).toBe(urls.pooled);
    expect(variables.PRISMA_DATABASE_URL).toBe(`${urls.pooled}?pgbouncer=true&connection_limit=1`);
  });

  it("leave the token out where it is not known", () => {
    expect(databaseVariables(urls, "db-1", undefined)).not.toHaveProperty("DATABASE_TOKEN");
  });

  it("show no secret when masked", () => {
    expect(JSON.stringify(maskVariables(variables))).not.toMatch(/secret|0123456789abcdef/);
    expect(maskSecret(urls.direct)).toBe("postgres://u:****@127.0.0.1:5433/d");
  });

  it("refuse values of the user's own under their names", () => {
    expect(() => refuseReserved({ DATABASE_URL: "mine" }, variables)).toThrow(
      expect.objectContaining({ code: "Y8002" }),
    );
    expect(() => refuseReserved({ DATABASE_URL: urls.pooled, PATH: "x" }, variables)).not.toThrow();
  });
});
