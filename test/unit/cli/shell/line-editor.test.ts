/** The editor as its user sees it: keys in, a screen out, by a small terminal that knows what the editor uses. */
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { History } from "../../../../src/cli/shell/history.ts";
import { type EditorEnd, LineEditor } from "../../../../src/cli/shell/line-editor.ts";
import type { Key } from "../../../../src/cli/shell/terminal.ts";
import { VirtualScreen } from "../../../support/virtual-screen.ts";

const plainKey = { ctrl: false, meta: false, shift: false, text: undefined, sequence: "" };

function open({ columns = 40, rows = 10, entries = [] as string[] } = {}) {
  const screen = new VirtualScreen(columns, rows);
  let press: (key: Key) => void = () => {};
  let resized: (() => void) | undefined;
  const history = new History(entries);
  const editor = new LineEditor({
    terminal: {
      write: (text) => screen.write(text),
      size: () => ({ columns: screen.columns, rows: screen.rows }),
      listen(onKey, onResize) {
        press = onKey;
        resized = onResize;
        return () => {
          press = () => {};
        };
      },
      sleep() {},
    },
    history,
    paint: createColors(false),
    prompt: () => "› ",
    placeholder: "Enter SQL (end with ;)",
    complete: (text, cursor) => ({
      start: text.lastIndexOf(" ", cursor - 1) + 1,
      candidates: ["name", "nation"].map((word) => ({ text: word, what: "text" })),
    }),
  });
  const ends: EditorEnd[] = [];
  const read = () => void editor.read().then((end) => ends.push(end));
  read();
  return {
    screen,
    history,
    read,
    async ended() {
      await Promise.resolve();
      await Promise.resolve();
      return ends;
    },
    type(text: string) {
      for (const character of text) press({ ...plainKey, name: "", text: character, sequence: character });
    },
    key(name: string, more: Partial<Key> = {}) {
      press({ ...plainKey, name, ...more });
    },
    ctrl(name: string) {
      press({ ...plainKey, name, ctrl: true });
    },
    resize(width: number, height: number) {
      screen.resize(width, height);
      resized?.();
    },
  };
}

describe("the editor", () => {
  it("shows its placeholder until something is typed", () => {
    const { screen, type } = open();
    expect(screen.text()).toBe("› Enter SQL (end with ;)");
    expect(screen.cursor()).toEqual({ row: 0, column: 2 });
    type("s");
    expect(screen.text()).toBe("› s");
  });

  it("runs with Enter what ends with a semicolon, and begins a line otherwise", async () => {
    const { screen, type, key, ended } = open();
    type("select 1");
    key("return");
    expect(screen.text()).toBe("› select 1\n…");
    type(";");
    key("return");
    expect(await ended()).toEqual([{ kind: "input", text: "select 1\n;" }]);
    expect(screen.cursor()).toEqual({ row: 2, column: 0 });
  });

  it("begins a line with Alt-Enter in any case", () => {
    const { screen, type, key } = open();
    type("select 1;");
    key("return", { meta: true });
    expect(screen.text()).toBe("› select 1;\n…");
  });

  it("takes a pasted block as a whole and runs none of it", async () => {
    const { screen, type, key, ended } = open();
    key("paste-start");
    for (const character of "select 1;\rdrop table x;\r") {
      if (character === "\r") key("return", { text: "\r", sequence: "\r" });
      else type(character);
    }
    expect(screen.text()).toBe("› Enter SQL (end with ;)");
    key("paste-end");
    expect(screen.text()).toBe("› select 1;\n… drop table x;\n…");
    expect(await ended()).toEqual([]);
  });

  it("makes control characters of a paste harmless", () => {
    const { screen, key } = open();
    key("paste-start");
    key("escape", { sequence: "\u001b[2J" });
    key("paste-end");
    expect(screen.text()).toBe("› [2J");
  });

  it("wraps wide characters where the screen ends", () => {
    const { screen, type } = open({ columns: 10 });
    type("日本語データ");
    expect(screen.text()).toBe("› 日本語デ\nータ");
    expect(screen.cursor()).toEqual({ row: 1, column: 4 });
  });

  it("puts the cursor below a row that is full", () => {
    const { screen, type } = open({ columns: 10 });
    type("12345678");
    expect(screen.cursor()).toEqual({ row: 1, column: 0 });
    type("9");
    expect(screen.text()).toBe("› 12345678\n9");
  });

  it("draws anew for another width", () => {
    const { screen, type, resize } = open({ columns: 20 });
    type("select 'abcdefghij'");
    resize(12, 10);
    expect(screen.text().replaceAll("\n", "")).toContain("› select 'abcdefghij'".replace(" '", " '"));
  });

  it("shows of a long text the rows around the cursor", () => {
    const { screen, type, key } = open({ rows: 4 });
    for (let line = 1; line <= 8; line += 1) {
      type(`line ${line}`);
      key("return");
    }
    expect(screen.text()).toBe("… line 6\n… line 7\n… line 8\n…");
  });

  it("goes through history by Up and Down, lines of an entry first, and keeps what was being typed", () => {
    const { screen, type, key } = open({ entries: ["select 1;", "select\n2;"] });
    type("draft");
    key("up");
    expect(screen.text()).toBe("› select\n… 2;");
    key("up");
    key("up");
    expect(screen.text()).toBe("› select 1;");
    key("down");
    key("down");
    expect(screen.text()).toBe("› draft");
  });

  it("searches history by ^R, further back each time, and runs by Enter", async () => {
    const { screen, type, key, ctrl, ended } = open({ entries: ["select a;", "select b;", "drop c;"] });
    ctrl("r");
    type("sel");
    expect(screen.text()).toContain("select b;");
    ctrl("r");
    expect(screen.text()).toContain("select a;");
    key("return");
    expect(await ended()).toEqual([{ kind: "input", text: "select a;" }]);
  });

  it("says when history has nothing of it, and Escape goes back to the input", () => {
    const { screen, type, key, ctrl } = open({ entries: ["select a;"] });
    type("x");
    ctrl("r");
    type("zzz");
    expect(screen.text()).toContain("(none)");
    key("escape");
    expect(screen.text()).toBe("› x");
  });

  it("clears the input by ^C, and ends by ^C or ^D only when it is empty", async () => {
    const { screen, type, ctrl, ended } = open();
    type("select");
    ctrl("d");
    ctrl("c");
    expect(await ended()).toEqual([]);
    expect(screen.text()).toBe("› select\n› Enter SQL (end with ;)");
    ctrl("d");
    expect(await ended()).toEqual([{ kind: "end" }]);
    expect(screen.text()).toBe("› select");
  });

  it("inserts what candidates have in common, then one after the other, and takes them back by Escape", () => {
    const { screen, type, key } = open();
    type("n");
    key("tab");
    expect(screen.text()).toBe("› na\n  name    text\n  nation  text");
    key("tab");
    expect(screen.text()).toContain("› name\n");
    key("tab");
    expect(screen.text()).toContain("› nation\n");
    key("escape");
    expect(screen.text()).toBe("› na");
  });

  it("keeps nothing private in history", async () => {
    const { history, type, key, read, ended } = open();
    const secrets = ["alter role a password 'x';", "select dblink('postgres://me:secret@host/db', 'x');"];
    for (const sql of [" select 1;", ...secrets, "select 2;"]) {
      type(sql);
      key("return");
      await ended();
      read();
    }
    expect(history.entries).toEqual(["select 2;"]);
  });
});
