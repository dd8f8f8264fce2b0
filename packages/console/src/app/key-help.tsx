/** In charge of telling which keys there are (`?`). */
import { Dialog } from "../ui/dialog.tsx";
import { pages } from "./pages.ts";
import { helpOpen } from "./shortcuts.ts";

const general: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["⌘K", "Ctrl K"], "Go to a page or a database"],
  [["/"], "Search in the list"],
  [["?"], "This overview"],
  [["Esc"], "Close what is open"],
];

export function KeyHelp() {
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <Dialog title="Keys" onClose={close}>
      <dl class="keys">
        {general.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        {pages
          .filter(({ key }) => key !== undefined)
          .map(({ id, key, title, group }) => (
            <div key={id}>
              <dt>
                <kbd>g</kbd>
                <kbd>{key}</kbd>
              </dt>
              <dd>
                {title}
                {group === "database" && <span class="muted"> of the database</span>}
              </dd>
            </div>
          ))}
      </dl>
    </Dialog>
  );
}
