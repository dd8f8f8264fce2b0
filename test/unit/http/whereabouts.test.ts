import { describe, expect, it } from "vitest";
import { Whereabouts } from "../../../src/http/whereabouts.ts";

function asked(answers: (boolean | Error)[]) {
  const questions: string[] = [];
  let nowMs = 0;
  const whereabouts = new Whereabouts(
    async (id) => {
      questions.push(id);
      const answer = answers.shift();
      if (typeof answer === "boolean") return answer;
      throw answer;
    },
    () => nowMs,
  );
  return { whereabouts, questions, pass: (ms: number) => (nowMs += ms) };
}

const id = "db-0123456789ab";

describe("where a database is", () => {
  it("is asked once while many wait, and known at once from then on", async () => {
    const { whereabouts, questions } = asked([true]);
    expect(await Promise.all([whereabouts.isHere(id), whereabouts.isHere(id)])).toEqual([true, true]);
    expect(whereabouts.isHere(id)).toBe(true);
    expect(questions).toEqual([id]);
  });

  it("is asked again a second after it was elsewhere, and after it was to be forgotten", async () => {
    const { whereabouts, questions, pass } = asked([false, true, false]);
    expect(await whereabouts.isHere(id)).toBe(false);
    expect(whereabouts.isHere(id)).toBe(false);
    pass(1_000);
    expect(await whereabouts.isHere(id)).toBe(true);
    whereabouts.forget(id);
    expect(await whereabouts.isHere(id)).toBe(false);
    expect(questions).toHaveLength(3);
  });

  it("is here for the moment where nobody can be asked, so that whoever answers says why", async () => {
    const { whereabouts } = asked([new Error("gone"), false]);
    expect(await whereabouts.isHere(id)).toBe(true);
    expect(await whereabouts.isHere(id)).toBe(false);
  });

  it("that was asked before it was to be forgotten is not remembered", async () => {
    const { whereabouts } = asked([true, false]);
    const before = whereabouts.isHere(id);
    whereabouts.forget(id);
    expect(await before).toBe(true);
    expect(await whereabouts.isHere(id)).toBe(false);
  });
});
