/** In charge of JSON as a tree that is opened part by part; what is closed is not drawn. */
import { useState } from "preact/hooks";
import { plural } from "../app/format.ts";
import { Button } from "../ui/button.tsx";
import type { JsonNode } from "./parse-json.ts";
import { visibleText } from "./visible-text.ts";

/** More parts at once would take the browser long to lay out. */
const step = 100;
const mostText = 2_000;

export const JsonTree = ({ of }: { of: JsonNode }) => (
  <div class="json-tree">
    <Node of={of} depth={0} />
  </div>
);

function Node({ of, depth, at }: { of: JsonNode; depth: number; at?: number }) {
  const [open, setOpen] = useState(depth < 2);
  const [shown, setShown] = useState(step);
  const name = of.key ?? (at === undefined ? undefined : String(at));
  const label = name !== undefined && <span class="json-key">{visibleText(name)}</span>;
  if (of.kind !== "object" && of.kind !== "array") {
    return (
      <div class="json-leaf">
        {label} <Leaf of={of} />
      </div>
    );
  }
  const isList = of.kind === "array";
  return (
    <details class="json-part" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {label}{" "}
        <span class="muted small">
          {isList ? `[ ${plural(of.parts.length, "item")} ]` : `{ ${plural(of.parts.length, "member")} }`}
        </span>
      </summary>
      {open && (
        <div class="json-parts">
          {of.parts.slice(0, shown).map((part, index) => (
            <Node key={index} of={part} depth={depth + 1} {...(isList && { at: index })} />
          ))}
          {of.parts.length > shown && (
            <Button small kind="quiet" onClick={() => setShown(shown + 10 * step)}>
              {plural(of.parts.length - shown, "more", "more")}
            </Button>
          )}
        </div>
      )}
    </details>
  );
}

function Leaf({ of: { kind, text } }: { of: JsonNode }) {
  if (text === "null") return <span class="null-value">null</span>;
  const shown = text.length > mostText ? `${text.slice(0, mostText)}…` : text;
  return (
    <span class={`json-${kind} break`}>
      {kind === "text" ? `“${visibleText(shown)}”` : visibleText(shown)}
    </span>
  );
}
