import { describe, expect, test } from "vitest";
import type { ClientPrincipal } from "../../../src/access/principal.ts";
import type { DatabaseId } from "../../../src/base/id.ts";
import { createClientLimiter } from "../../../src/http/limit-clients.ts";

const one = "db-0123456789ab" as DatabaseId;
const other = "db-ba9876543210" as DatabaseId;
const user = (subject: string, databaseId = one): ClientPrincipal => ({
  kind: "client",
  databaseId,
  claims: { subject, expiresAt: 0, json: "{}" },
});
const anon: ClientPrincipal = { kind: "client", databaseId: one, claims: null };

describe("clients of a database", () => {
  const exhausted = () => {
    const limit = createClientLimiter({ perSecond: 1, burst: 2 });
    for (let count = 0; count < 2; count++) {
      expect(limit(user("alice"), "10.0.0.1")).toBe(0);
      expect(limit(anon, "10.0.0.1")).toBe(0);
    }
    return limit;
  };

  test("may come as often as the burst allows, and then have to wait", () => {
    const limit = exhausted();
    expect(limit(user("alice"), "10.0.0.1")).toBeGreaterThan(0);
    expect(limit(anon, "10.0.0.1")).toBeGreaterThan(0);
  });

  test("are counted by subject, wherever they come from, and do not use up what others may", () => {
    const limit = exhausted();
    expect(limit(user("alice"), "10.0.0.2")).toBeGreaterThan(0);
    expect(limit(user("bob"), "10.0.0.1")).toBe(0);
    expect(limit(user("alice", other), "10.0.0.1")).toBe(0);
    expect(limit(anon, "10.0.0.2")).toBe(0);
  });

  test("are not limited where the limit is off", () => {
    const limit = createClientLimiter(null);
    for (let count = 0; count < 1_000; count++) expect(limit(anon, "10.0.0.1")).toBe(0);
  });
});
