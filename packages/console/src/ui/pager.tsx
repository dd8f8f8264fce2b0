/** In charge of leafing through a long list, page by page, in the address. */

import { count } from "../app/format.ts";
import { setSearch } from "../app/router.ts";
import { Button } from "./button.tsx";

export function Pager({ page, perPage, total }: { page: number; perPage: number; total: number }) {
  const last = Math.max(1, Math.ceil(total / perPage));
  if (last === 1) return null;
  const go = (to: number) => setSearch({ page: to === 1 ? null : String(to) }, { replace: false });
  return (
    <nav class="pager" aria-label="Pages of the list">
      <Button small icon="chevron-left" disabled={page <= 1} onClick={() => go(page - 1)}>
        Back
      </Button>
      <span class="muted">
        {count((page - 1) * perPage + 1)}–{count(Math.min(total, page * perPage))} of {count(total)}
      </span>
      <Button small disabled={page >= last} onClick={() => go(page + 1)}>
        Next
      </Button>
    </nav>
  );
}

/** Of a list without numbers: older ones behind the last that is shown, in the address, so that the browser's back leads back. */
export function LeafOlder({ before, last }: { before: string | null; last: string | undefined }) {
  if (!before && last === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages of the list">
      {before && (
        <Button small icon="chevron-left" onClick={() => setSearch({ before: null }, { replace: false })}>
          Newest
        </Button>
      )}
      <Button
        small
        disabled={last === undefined}
        onClick={() => last !== undefined && setSearch({ before: last }, { replace: false })}
      >
        Older
      </Button>
    </nav>
  );
}
