/** In charge of a statement as it is shown: as text, whatever stands in it; a long one is cut until it is wanted. */
import { useState } from "preact/hooks";
import { visibleText } from "../data/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/text.tsx";

const mostLines = 8;
const mostCharacters = 900;
/** Even when all of it is wanted: more would take a browser long. It can be copied. */
const mostWhole = 100_000;
const mostInLine = 1_000;

export function StatementText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const lines = text.split("\n");
  const isLong = lines.length > mostLines || text.length > mostCharacters;
  const shown =
    isLong && !whole
      ? lines.slice(0, mostLines).join("\n").slice(0, mostCharacters)
      : text.slice(0, mostWhole);
  return (
    <div class="statement">
      <pre class="statement-text">
        <code>{visibleText(shown === text ? text : `${shown}…`, { keepLines: true })}</code>
      </pre>
      <div class="statement-tools">
        <CopyButton text={text} label="Copy the statement" />
        {isLong && (
          <Button small kind="quiet" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {whole ? "Less" : "All of it"}
          </Button>
        )}
      </div>
    </div>
  );
}

/** In one line, for lists. */
export const oneLine = (text: string): string =>
  visibleText(text.slice(0, mostInLine).replace(/\s+/g, " ").trim());
