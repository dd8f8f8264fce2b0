/** What reaches the slot of a session is plain JSON that jsonb can hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readClaims } from "../../../src/access/read-claims.ts";

const now = new Date("2026-01-01T00:00:00Z");
const exp = now.getTime() / 1000 + 60;

describe("the text of claims", () => {
  test("has no control character, whatever the claims have, and reads back as them", () => {
    const control = fc.string({
      unit: fc.constantFrom("\x1f", "\x01", "\n", "\r", "\x1b", '"', "\\", "a", "é", "😀"),
    });
    fc.assert(
      fc.property(fc.dictionary(control, control, { maxKeys: 5 }), (extra) => {
        const payload = { ...extra, sub: "a", exp };
        const { json } = readClaims(payload, now);
        expect(json).not.toMatch(/[\x00-\x1f]/);
        expect(JSON.parse(json)).toEqual(payload);
      }),
    );
  });

  test("has each key once, the last as JSON.parse takes it", () => {
    const payload = JSON.parse(`{"sub":"victim","sub":"alice","exp":${exp},"__proto__":{"role":"admin"}}`);
    const { subject, json } = readClaims(payload, now);
    expect(subject).toBe("alice");
    expect(json).toBe(`{"sub":"alice","exp":${exp},"__proto__":{"role":"admin"}}`);
  });

  test.each(["\0", "a\0b", "\\\0", "\ud800", "\udc00x", "\ud800\ud800"])(
    "is refused with %j in it",
    (text) => {
      expect(() => readClaims({ sub: "a", exp, name: text }, now)).toThrow("cannot hold");
      expect(() => readClaims({ sub: "a", exp, [text]: 1 }, now)).toThrow("cannot hold");
      expect(() => readClaims({ sub: "a", exp, deep: [{ text }] }, now)).toThrow("cannot hold");
    },
  );

  test.each(["\\u0000", "\\\\u0000", "C:\\ud800", "\ud83d\ude00"])("is taken with %j in it", (text) => {
    expect(JSON.parse(readClaims({ sub: "a", exp, name: text }, now).json).name).toBe(text);
  });

  test("is counted in bytes", () => {
    const room = 4096 - Buffer.byteLength(JSON.stringify({ sub: "a", exp, x: "" }));
    expect(() => readClaims({ sub: "a", exp, x: "x".repeat(room) }, now)).not.toThrow();
    expect(() => readClaims({ sub: "a", exp, x: "x".repeat(room + 1) }, now)).toThrow("too long");
    expect(() => readClaims({ sub: "a", exp, x: "é".repeat(room / 2 + 1) }, now)).toThrow("too long");
  });
});
