/** In charge of one value seen whole: text, JSON in lines, bytes in hex, and where its row leads. */
import type { CatalogColumn, CellValue } from "@postern/sdk/protocol";
import { useEffect, useMemo, useState } from "preact/hooks";
import { isAbort, problemOf } from "../app/api.ts";
import { bytes, count } from "../app/format.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Segments } from "../ui/segments.tsx";
import { Problem, Skeleton } from "../ui/states.tsx";
import { CopyButton } from "../ui/text.tsx";
import type { Cell } from "./copy-rows.ts";
import { JsonTree } from "./json-tree.tsx";
import { type JsonNode, parseJson } from "./parse-json.ts";
import { hexLines, prettyJson, visibleText } from "./visible-text.ts";

export interface CellDialogProps {
  title: string;
  column: Pick<CatalogColumn, "name" | "type" | "kind">;
  /** What is known of it; the rest is asked for. */
  value: Cell;
  cut: boolean;
  load?: ((signal: AbortSignal) => Promise<CellValue>) | undefined;
  links?: { label: string; href: string; isBack: boolean }[];
  onClose: () => void;
}

/** More at once would take the browser long to lay out. */
const step = 100_000;

export function CellDialog({ title, column, value, cut, load, links = [], onClose }: CellDialogProps) {
  const [whole, setWhole] = useState<CellValue>();
  const [problem, setProblem] = useState<ReturnType<typeof problemOf>>();
  const [shown, setShown] = useState(step);
  const [form, setForm] = useState<Form>();
  useEffect(() => {
    if (!cut || !load) return;
    const abort = new AbortController();
    load(abort.signal).then(setWhole, (error: unknown) => !isAbort(error) && setProblem(problemOf(error)));
    return () => abort.abort();
  }, []);
  const text = whole ? whole.value : value;
  const isWhole = !cut || whole?.cut === false;
  const tree = useMemo(
    () =>
      column.kind === "json" && text !== null && isWhole && text.length <= mostForTree
        ? parseJson(text)
        : undefined,
    [text, isWhole],
  );
  const forms = formsOf(column.kind, tree);
  const shownForm = form ?? forms[0]![0];
  return (
    <Dialog title={title} wide onClose={onClose}>
      <p class="cell-facts">
        <code class="code-tag">{column.type}</code>
        {text !== null && (
          <span class="muted">{bytes(whole?.bytes ?? new TextEncoder().encode(text).length)}</span>
        )}
        {text !== null && <CopyButton text={text} label="Copy the value" />}
        {text !== null && forms.length > 1 && (
          <Segments
            label="Form"
            value={shownForm}
            options={forms}
            onChange={(next) => setForm(next as Form)}
          />
        )}
      </p>
      {problem && <Problem problem={problem} />}
      {cut && load && !whole && !problem && <Skeleton lines={2} />}
      {text === null ? (
        <p class="grid-null">NULL</p>
      ) : text === "" ? (
        <p class="grid-null">An empty text.</p>
      ) : shownForm === "tree" && tree ? (
        <JsonTree of={tree} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <pre class="cell-value" tabIndex={0}>
          {format(text.slice(0, shown), column.kind, shownForm === "raw" || shown < text.length)}
        </pre>
      )}
      {text !== null && shown < text.length && shownForm !== "tree" && (
        <p>
          <Button small onClick={() => setShown(shown + step)}>
            Show more
          </Button>{" "}
          <span class="muted small">
            {count(shown)} of {count(text.length)} characters
          </span>
        </p>
      )}
      {whole?.cut && (
        <p class="muted small">It is longer than 4 million characters: export the rows to have it whole.</p>
      )}
      {links.length > 0 && (
        <ul class="cell-links">
          {links.map((link) => (
            <li key={link.label}>
              <a href={link.href} onClick={onClose}>
                {link.isBack ? "← Rows of " : "→ "}
                {link.label}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

type Form = "tree" | "lines" | "raw";

const mostForTree = 2_000_000;

/** In which forms a value can be seen, the best first. */
function formsOf(kind: string, tree: JsonNode | undefined): (readonly [Form, string])[] {
  if (kind === "bytes")
    return [
      ["lines", "In hex"],
      ["raw", "As it is"],
    ];
  if (kind !== "json") return [["raw", "As it is"]];
  const lines = [
    ["lines", "In lines"],
    ["raw", "As it is"],
  ] as const;
  return tree && tree.parts.length > 0 ? [["tree", "Tree"], ...lines] : [...lines];
}

function format(text: string, kind: string, raw: boolean): string {
  if (kind === "bytes" && text.startsWith("\\x") && !raw) return hexLines(text);
  return visibleText(kind === "json" && !raw ? prettyJson(text) : text, { keepLines: true });
}
