/** In charge of the tray at the edge: the work that this page has started, its step and its end. */

import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { words } from "./format.ts";
import { dismissWork, isOver, type TrackedWork, trackedWork } from "./operations.ts";
import { href } from "./router.ts";

export function Tray() {
  return (
    <div class="tray" role="status" aria-label="Work under way">
      {trackedWork.value.slice(0, 5).map((work) => (
        <TrayItem key={work.id} work={work} />
      ))}
    </div>
  );
}

function TrayItem({ work: { id, title, operation, problem } }: { work: TrackedWork }) {
  const failed = problem ?? operation?.error ?? undefined;
  const over = operation !== undefined && isOver(operation);
  const step = operation?.steps.findLast(({ status }) => status === "running")?.name;
  const icon = failed ? "circle-alert" : over ? "circle-check" : "loader-circle";
  return (
    <div class={`tray-item ${failed ? "tray-bad" : over ? "tray-good" : ""}`}>
      <Icon name={icon} size={18} class={failed || over ? "" : "spin"} />
      <div class="tray-text">
        <a href={href(`/operations/${id}`)}>{title}</a>
        <span class="muted small">
          {failed ? failed.message : over ? "Done" : step ? `${words(step)}…` : "Waits for its turn…"}
        </span>
      </div>
      <Button kind="quiet" small icon="x" label="Dismiss" onClick={() => dismissWork(id)} />
    </div>
  );
}
