import { describe, expect, it } from "vitest";
import { blockBytes } from "../../../src/query/answer-blocks.ts";
import { AnswerClaim, AnswerRoom } from "../../../src/query/answer-room.ts";
import { AnswerBudget, JsonWriter } from "../../../src/query/json-writer.ts";

const claimOne = () => new AnswerClaim(new AnswerRoom(1e9), "db-000000000001");

/** Writes one block's worth of text, and says where it lies. */
function writeBlock(claim: AnswerClaim, fill: string): { out: JsonWriter; memory: ArrayBufferLike } {
  const out = new JsonWriter(new AnswerBudget(1e9, claim));
  out.reserve(blockBytes);
  out.text(fill.repeat(blockBytes));
  return { out, memory: out.chunk.buffer };
}

describe("a block of memory", () => {
  it("is used again when the answer in it is whole and has been taken", () => {
    const claim = claimOne();
    const { out, memory } = writeBlock(claim, "a");
    out.finish();
    claim.release();

    expect(writeBlock(claimOne(), "b").memory).toBe(memory);
  });

  it("is not used again while its reader takes it", () => {
    const { out, memory } = writeBlock(claimOne(), "a");
    const chunks = out.finish();

    expect(writeBlock(claimOne(), "b").memory).not.toBe(memory);
    expect(Buffer.concat(chunks).toString()).toBe("a".repeat(blockBytes));
  });

  it("is not used again when its reader went before it was whole: rows may still be written to it", () => {
    const claim = claimOne();
    const { out, memory } = writeBlock(claim, "a");
    claim.release();
    out.finish();

    expect(writeBlock(claimOne(), "b").memory).not.toBe(memory);
  });

  it("is not used again when the request was sent once more", () => {
    const claim = claimOne();
    const { out, memory } = writeBlock(claim, "a");
    out.finish();
    claim.startOver();
    claim.release();

    expect(writeBlock(claimOne(), "b").memory).not.toBe(memory);
  });

  it("is used again once, however often the end is told", () => {
    const claim = claimOne();
    const { out } = writeBlock(claim, "a");
    out.finish();
    claim.release();
    claim.release();

    expect(writeBlock(claimOne(), "b").memory).not.toBe(writeBlock(claimOne(), "c").memory);
  });
});
