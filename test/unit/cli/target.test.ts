import { describe, expect, it } from "vitest";
import { commandInput } from "../../../src/cli/command-input.ts";
import type { Project } from "../../../src/cli/project-file.ts";
import { resolveTarget } from "../../../src/cli/target.ts";

const id = "db-c1cf9a9be667";
const project: Project = {
  directory: "/p",
  link: {
    database_id: id,
    name: "shop",
    host: `${id}.localhost`,
    token: "t0",
    api_url: "http://127.0.0.1:1",
  },
};
const linked = { kind: "database", ref: id, token: "t0", apiUrl: "http://127.0.0.1:1" };

function resolve(
  options: Record<string, unknown>,
  {
    named,
    environment = {},
    link = project,
  }: {
    named?: string;
    environment?: NodeJS.ProcessEnv;
    link?: Project | undefined;
  } = {},
) {
  return resolveTarget({ named, input: commandInput([], options), project: link, environment });
}

describe("the database that a command is about", () => {
  it("is the linked one when nothing says otherwise", () => {
    expect(resolve({})).toEqual(linked);
  });

  it("is the one named, with the link's token where the name is the link's", () => {
    expect(resolve({}, { named: "other" })).toEqual({ kind: "database", ref: "other" });
    expect(resolve({}, { named: "shop" })).toEqual(linked);
    expect(resolve({}, { named: id })).toEqual(linked);
  });

  it("comes from flags before the environment, and from the environment before the link", () => {
    const environment = { POSTERN_DB: "env-db", POSTERN_URL: "postgres://env" };
    expect(resolve({ dbId: "db-1", token: "t1" }, { environment })).toEqual({
      kind: "database",
      ref: "db-1",
      token: "t1",
    });
    expect(resolve({ url: "postgres://flag" }, { environment })).toEqual({
      kind: "url",
      url: "postgres://flag",
    });
    expect(resolve({}, { environment })).toEqual({ kind: "database", ref: "env-db" });
    expect(resolve({}, { environment: { POSTERN_URL: "postgres://env" } })).toEqual({
      kind: "url",
      url: "postgres://env",
    });
  });

  it("needs --db-id and --token together", () => {
    expect(() => resolve({ dbId: "db-1" })).toThrow(expect.objectContaining({ code: "Y1013" }));
    expect(() => resolve({ token: "t1" })).toThrow(expect.objectContaining({ code: "Y1013" }));
  });

  it("takes the token for --db-id from the environment too", () => {
    expect(resolve({ dbId: "db-1" }, { environment: { DATABASE_TOKEN: "t2" } })).toMatchObject({
      ref: "db-1",
      token: "t2",
    });
  });

  it("is not named twice", () => {
    expect(() => resolve({ url: "postgres://x" }, { named: "shop" })).toThrow(
      expect.objectContaining({ code: "Y1013" }),
    );
  });

  it("has an address of Postgres's own kind", () => {
    expect(() => resolve({ url: "mysql://x" })).toThrow(expect.objectContaining({ code: "Y1013" }));
  });
});
