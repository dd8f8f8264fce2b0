import { describe, expect, it } from "vitest";
import { lastUseOf } from "../../../src/databases/measure-idleness.ts";
import { pauseAfterOf } from "../../../src/databases/pause-rules.ts";
import type { ServerSession } from "../../../src/instances/server-sessions.ts";

const now = new Date("2026-01-02T03:00:00Z");
const ago = (ms: number) => new Date(now.getTime() - ms);
const session = (changes: Partial<ServerSession>): ServerSession => ({
  pid: 1,
  database: "db_1",
  role: "db_1",
  application: "",
  address: "127.0.0.1",
  state: "idle",
  connected_at: ago(600_000),
  statement_at: ago(600_000),
  rested_ms: 600_000,
  ...changes,
});

describe("the last use of a database", () => {
  it("is now at the first look: the time begins", () => {
    expect(lastUseOf(now, { sessions: [], activeTime: 5 }, undefined)).toEqual({ at: now, activeTime: 5 });
  });

  it("stays where it was while nothing happens, whoever keeps a connection open", () => {
    const before = { at: ago(60_000), activeTime: 5 };
    expect(lastUseOf(now, { sessions: [session({})], activeTime: 5 }, before)).toEqual(before);
    const silent = session({ statement_at: null, rested_ms: 10 });
    expect(lastUseOf(now, { sessions: [silent], activeTime: 5 }, before)).toEqual(before);
  });

  it("is when a session that is still there did something", () => {
    const before = { at: ago(60_000), activeTime: 5 };
    const sessions = [session({ rested_ms: 2_000 })];
    expect(lastUseOf(now, { sessions, activeTime: 6 }, before).at).toEqual(ago(2_000));
  });

  it("is now when somebody came and went since the last look", () => {
    const before = { at: ago(60_000), activeTime: 5 };
    expect(lastUseOf(now, { sessions: [], activeTime: 6 }, before).at).toEqual(now);
  });

  it.each(["active", "idle in transaction"])("is now while a session is %s", (state) => {
    const before = { at: ago(60_000), activeTime: 5 };
    expect(lastUseOf(now, { sessions: [session({ state })], activeTime: 5 }, before).at).toEqual(now);
  });
});

describe("when a database sleeps by itself", () => {
  const config = { pauseAfterSeconds: 900 };
  const of = (row: Partial<Parameters<typeof pauseAfterOf>[1]>) =>
    pauseAfterOf({ config } as never, {
      isolation: "process",
      class: "db.p2",
      pause_after_seconds: null,
      ...row,
    });

  it("is what the operator said, for staging and not for production", () => {
    expect(of({})).toBe(900);
    expect(of({ class: "db.p3" })).toBeNull();
  });

  it("is what was said of the database itself, if something was", () => {
    expect(of({ class: "db.p3", pause_after_seconds: 60 })).toBe(60);
    expect(of({ pause_after_seconds: 0 })).toBeNull();
  });

  it("is never on a server with others", () => {
    expect(of({ isolation: "shared", pause_after_seconds: 60 })).toBeNull();
  });
});
