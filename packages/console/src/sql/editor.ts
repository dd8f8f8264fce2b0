/** In charge of the editor itself: PostgreSQL's words, completion from the schema, errors at their place. Loaded when it is first needed. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleComment } from "@codemirror/commands";
import { PostgreSQL, type SQLNamespace, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Catalog } from "@postern/sdk/protocol";

export interface EditorActions {
  onChange: (text: string) => void;
  /** Mod-Enter: the statement at the cursor, or what is selected; with Shift: all. */
  onRun: (what: "current" | "all") => void;
}

export interface Editor {
  text(): string;
  setText(text: string): void;
  insert(text: string): void;
  selection(): { from: number; to: number; text: string };
  setCatalog(catalog: Catalog): void;
  markError(at: number | null): void;
  focus(): void;
  destroy(): void;
}

const setError = StateEffect.define<number | null>();
const errorMark = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setError)) continue;
      if (effect.value === null) return Decoration.none;
      const from = Math.min(effect.value, Math.max(0, transaction.state.doc.length - 1));
      const word = /^\w+/.exec(transaction.state.sliceDoc(from, from + 64))?.[0].length ?? 1;
      const to = Math.min(transaction.state.doc.length, from + Math.max(1, word));
      return to > from
        ? Decoration.set([Decoration.mark({ class: "sql-error" }).range(from, to)])
        : Decoration.none;
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Colours of the console, light and dark alike. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--accent-ink)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--warn)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--busy)" },
  { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--good)" },
]);

const language = (catalog: Catalog | undefined) =>
  sql({
    dialect: PostgreSQL,
    upperCaseKeywords: false,
    ...(catalog && { schema: namespaceOf(catalog), defaultSchema: "public" }),
  });

function namespaceOf({ tables }: Catalog): SQLNamespace {
  const schemas: Record<string, Record<string, string[]>> = {};
  for (const { schema, name, columns } of tables) {
    schemas[schema] ??= {};
    schemas[schema][name] = columns.map((column) => column.name);
  }
  return schemas;
}

/** Its looks; the editor's sheets are made by script, which the page's policy allows inside of a shadow root only. */
const looks = EditorView.theme({
  "&": { minHeight: "10.8rem", backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "var(--text-s)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.6rem 0" },
  ".cm-gutters": {
    borderRight: "1px solid var(--line)",
    backgroundColor: "var(--surface-2)",
    color: "var(--ink-3)",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 5%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-placeholder": { color: "var(--ink-3)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--surface-3)" },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    boxShadow: "var(--shadow-high)",
  },
  ".cm-tooltip-autocomplete > ul > li": { padding: "0.15rem 0.5rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".sql-error": {
    backgroundColor: "var(--bad-soft)",
    textDecoration: "underline wavy var(--bad)",
  },
});

/** Keys that are typed are the editor's; only what opens the palette goes on to the page. */
function keepKeys(event: KeyboardEvent): void {
  if (!((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k")) event.stopPropagation();
}

export function openEditor(box: HTMLElement, text: string, actions: EditorActions): Editor {
  const root = box.shadowRoot ?? box.attachShadow({ mode: "open" });
  const parent = root.appendChild(document.createElement("div"));
  box.addEventListener("keydown", keepKeys);
  const words = new Compartment();
  const run = (what: "current" | "all") => () => {
    actions.onRun(what);
    return true;
  };
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        syntaxHighlighting(colours),
        errorMark,
        looks,
        placeholder("select * from …   Ctrl+Enter runs it"),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "SQL" }),
        words.of(language(undefined)),
        keymap.of([
          { key: "Mod-Enter", run: run("current"), shift: run("all"), preventDefault: true },
          { key: "Mod-/", run: toggleComment },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...completionKeymap,
          indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) actions.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText(next) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    insert(more) {
      const end = view.state.doc.length;
      const insert = end === 0 ? more : `\n\n${more}`;
      view.dispatch({ changes: { from: end, insert }, selection: { anchor: end + insert.length } });
      view.focus();
    },
    selection() {
      const { from, to } = view.state.selection.main;
      return { from, to, text: view.state.sliceDoc(from, to) };
    },
    setCatalog(catalog) {
      view.dispatch({ effects: words.reconfigure(language(catalog)) });
    },
    markError(at) {
      view.dispatch({ effects: setError.of(at) });
      if (at !== null)
        view.dispatch({
          selection: { anchor: Math.min(at, view.state.doc.length) },
          scrollIntoView: true,
        });
    },
    focus: () => view.focus(),
    destroy() {
      view.destroy();
      parent.remove();
    },
  };
}
