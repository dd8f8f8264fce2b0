import fc from "fast-check";
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { Highlighter } from "../../../../src/cli/shell/highlight.ts";
import { windowAround } from "../../../../src/cli/shell/text-window.ts";

const paint = createColors(true);

/** Each character with its colours: pieces may be cut differently. */
const coloured = (highlighter: Highlighter, text: string, from?: number, to?: number): string[] =>
  highlighter
    .highlight(text, from, to)
    .flatMap((piece) => [...piece.text].map((character) => piece.style(character)));

describe("colours", () => {
  it("of a part are those that it has in the whole, whatever was coloured before", () => {
    const pieces = ["select ", "'", "\n", "a1 ", "$x$", "--", "/*", "*/", '"', ";", "42 "];
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((some) => some.join(""));
    const looks = fc.array(fc.tuple(texts, fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(texts, looks, (start, steps) => {
        const highlighter = new Highlighter(paint);
        for (const [more, first, second] of steps) {
          const text = start + more;
          const from = first % (text.length + 1);
          const to = from + (second % (text.length - from + 1));
          const whole = coloured(new Highlighter(paint), text);
          expect(coloured(highlighter, text, from, to)).toEqual(whole.slice(from, to));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the window of a long text", () => {
  const text = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n");

  it("has whole lines on both sides of the cursor", () => {
    const { from, to } = windowAround(text, text.indexOf("line 50") + 3, 2);
    expect(text.slice(from, to)).toMatch(/^line 48\nline 49\nline 50\nline 51\nline 52$/);
  });

  it("ends where the text ends", () => {
    expect(windowAround(text, 0, 1)).toEqual({ from: 0, to: text.indexOf("\nline 2") });
    expect(windowAround(text, text.length, 1)).toEqual({ from: text.indexOf("line 98"), to: text.length });
    expect(windowAround("\n\n", 1, 0)).toEqual({ from: 1, to: 1 });
    expect(windowAround("", 0, 24)).toEqual({ from: 0, to: 0 });
  });
});
