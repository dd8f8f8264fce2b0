/** In charge of asking whether this session may change things. */
import type { ErrorBody } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Problem } from "../ui/states.tsx";
import { problemOf } from "./api.ts";
import { setUnlocked } from "./session.ts";

export function UnlockDialog({ answer }: { answer: (unlocked: boolean) => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ErrorBody>();
  const unlock = async () => {
    setBusy(true);
    try {
      await setUnlocked(true);
      answer(true);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Unlock changes?"
      onClose={() => answer(false)}
      onSubmit={() => void unlock()}
      actions={
        <>
          <Button onClick={() => answer(false)}>Stay read-only</Button>
          <button type="submit" class="button button-primary" data-first disabled={busy}>
            Unlock for 30 minutes
          </button>
        </>
      }
    >
      <p>The console only looks until you say otherwise, so that nothing happens by a slip of the hand.</p>
      <p class="muted">
        Unlocked, this session can back up, restore, change settings and run statements that write. It locks
        itself again after half an hour; what it changes is in the audit log.
      </p>
      {problem && <Problem problem={problem} />}
    </Dialog>
  );
}
