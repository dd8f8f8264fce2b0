import { describe, expect, it } from "vitest";
import { AnswerClaim, AnswerRoom } from "../../../src/query/answer-room.ts";
import { AnswerBudget } from "../../../src/query/json-writer.ts";

const kibibyte = 1024;

describe("the room for answers", () => {
  it("gives one database half of itself", () => {
    const room = new AnswerRoom(1000 * kibibyte);
    new AnswerClaim(room, "a").grow(400 * kibibyte, true);
    const refused = () => new AnswerClaim(room, "a").grow(200 * kibibyte, true);
    expect(refused).toThrow(expect.objectContaining({ code: "Y1040" }));
    new AnswerClaim(room, "b").grow(500 * kibibyte, true);
    expect(room.held).toBe(900 * kibibyte);
  });

  it("gets everything back, also of answers that were begun anew", () => {
    const room = new AnswerRoom(1000 * kibibyte);
    const claim = new AnswerClaim(room, "a");
    new AnswerBudget(Number.POSITIVE_INFINITY, claim).spend(300 * kibibyte);
    new AnswerBudget(Number.POSITIVE_INFINITY, claim).spend(100 * kibibyte);
    expect([room.held, room.heldBy("a")]).toEqual([100 * kibibyte, 100 * kibibyte]);
    claim.release();
    expect([room.held, room.heldBy("a")]).toEqual([0, 0]);
  });

  it("counts nothing for who has gone already", () => {
    const room = new AnswerRoom(1000 * kibibyte);
    const claim = new AnswerClaim(room, "a");
    claim.release();
    claim.grow(100 * kibibyte, true);
    expect(room.held).toBe(0);
  });

  it("does not count small answers, and counts rows that wait for their types", () => {
    const room = new AnswerRoom(1000 * kibibyte);
    new AnswerBudget(Number.POSITIVE_INFINITY, new AnswerClaim(room, "a")).spend(30 * kibibyte);
    expect(room.held).toBe(0);
    new AnswerBudget(Number.POSITIVE_INFINITY, new AnswerClaim(room, "a")).keep(40 * kibibyte);
    expect(room.held).toBe(40 * kibibyte);
  });

  it("refuses nobody whose statement is done", () => {
    const room = new AnswerRoom(100 * kibibyte);
    const budget = new AnswerBudget(Number.POSITIVE_INFINITY, new AnswerClaim(room, "a"));
    budget.settle();
    budget.spend(200 * kibibyte);
    expect(room.held).toBe(200 * kibibyte);
  });
});
