import { expect, it } from "vitest";
import { isCancelRequest, startFailure } from "../../../../src/runtime/gate/first-message.ts";

const message = (...words: number[]): Buffer => {
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, at) => {
    bytes.writeInt32BE(word, at * 4);
  });
  return bytes;
};

it("knows a cancel request from a login", () => {
  expect(isCancelRequest(message(16, 80877102, 1, 2))).toBe(true);
  expect(isCancelRequest(message(8, 80877103))).toBe(false);
  expect(isCancelRequest(message(16, 196608, 1, 2))).toBe(false);
});

it("says what failed as Postgres says that it is not ready", () => {
  const bytes = startFailure("no space");
  expect(bytes[0]).toBe(0x45);
  expect(bytes.readInt32BE(1)).toBe(bytes.length - 1);
  const fields = bytes.toString("utf8", 5).split("\0");
  expect(fields).toEqual(["SFATAL", "VFATAL", "C57P03", expect.stringContaining("no space"), "", ""]);
});
