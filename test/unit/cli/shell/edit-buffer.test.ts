import { describe, expect, it } from "vitest";
import { EditBuffer } from "../../../../src/cli/shell/edit-buffer.ts";

/** `|` is the cursor. */
function buffer(text: string): EditBuffer {
  const made = new EditBuffer();
  made.reset(text.replace("|", ""));
  made.cursor = text.indexOf("|");
  return made;
}
const shown = ({ text, cursor }: EditBuffer) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

type Edit = (buffer: EditBuffer) => unknown;
const cases: [string, string, Edit, string][] = [
  ["inserts", "a|c", (b) => b.insert("b"), "ab|c"],
  ["goes left", "ab|", (b) => b.left(), "a|b"],
  ["stays at the start", "|ab", (b) => b.left(), "|ab"],
  ["goes right over one character of several units", "|👨‍👩‍👧x", (b) => b.right(), "👨‍👩‍👧|x"],
  ["goes left over one", "é👍🏽|", (b) => b.left(), "é|👍🏽"],
  ["goes a word left", "select foo_bar.baz |", (b) => b.wordLeft(), "select foo_bar.|baz "],
  ["goes a word right", "select| foo_bar.baz", (b) => b.wordRight(), "select foo_bar|.baz"],
  ["goes to the start of its line", "ab\ncd|e", (b) => b.lineStart(), "ab\n|cde"],
  ["goes to the end of its line", "a|b\ncd", (b) => b.lineEnd(), "ab|\ncd"],
  ["goes up to the same column", "abcd\nef|g", (b) => b.up(), "ab|cd\nefg"],
  ["goes down to the end of a shorter line", "abcd|\nef", (b) => b.down(), "abcd\nef|"],
  ["deletes back", "ab|c", (b) => b.deleteBack(), "a|c"],
  ["deletes a line's end", "ab\n|c", (b) => b.deleteBack(), "ab|c"],
  ["deletes forward", "a|bc", (b) => b.deleteForward(), "a|c"],
  ["kills to the end of the line", "a|b\nc", (b) => b.killToLineEnd(), "a|\nc"],
  ["kills the end of the line", "a|\nc", (b) => b.killToLineEnd(), "a|c"],
  ["kills to the start of the line", "x\nab|c", (b) => b.killToLineStart(), "x\n|c"],
  ["kills a word back", "select foo|", (b) => b.killWordBack(), "select |"],
  ["kills a word forward", "select| foo", (b) => b.killWordForward(), "select|"],
  ["swaps", "ab|", (b) => b.transpose(), "ba|"],
];

describe("the buffer", () => {
  it.each(cases)("%s: %j", (_what, before, edit, after) => {
    const made = buffer(before);
    edit(made);
    expect(shown(made)).toBe(after);
  });

  it("yanks what was killed", () => {
    const made = buffer("one two|");
    made.killWordBack();
    made.start();
    made.yank();
    expect(shown(made)).toBe("two|one ");
  });

  it("keeps the wished column over a short line", () => {
    const made = buffer("abcdef\nx\nabcdef|");
    made.up();
    made.up();
    expect(shown(made)).toBe("abcdef|\nx\nabcdef");
  });

  it("has no line above the first and none below the last", () => {
    const made = buffer("a|b");
    expect([made.up(), made.down()]).toEqual([false, false]);
  });

  it("undoes typing by the word and cuts one by one", () => {
    const made = buffer("|");
    for (const letter of "ab cd") made.insert(letter);
    made.killWordBack();
    made.undo();
    expect(shown(made)).toBe("ab cd|");
    made.undo();
    expect(shown(made)).toBe("ab |");
    made.undo();
    made.undo();
    expect(shown(made)).toBe("|");
    made.undo();
    expect(shown(made)).toBe("|");
  });
});
