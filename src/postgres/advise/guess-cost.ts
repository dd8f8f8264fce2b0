/** In charge of reckoning what a statement would cost with an index that nobody can pretend, by what Postgres counts for pages. Pure. */

export interface GuessedScan {
  /** Of the whole statement as it is planned now. */
  statementCost: number;
  /** Of reading the table from end to end. */
  scanCost: number;
  /** Rows that Postgres expects the scan to find, of a table of so many pages. */
  rows: number;
  pages: number;
  /** The index has the rows in the order that the statement wants the first few of: up to here it reads and sorts all of them. */
  sorted?: { cost: number; wanted: number } | undefined;
}

const treeCost = 8.3;
const rowCost = 0.015;
const [sequentialPage, randomPage] = [1, 4];

export function guessCost({ statementCost, scanCost, rows, pages, sorted }: GuessedScan): number {
  if (sorted) {
    // Rows that are read in order lie beside each other more often than not.
    const few = treeCost + Math.max(1, sorted.wanted) * (sequentialPage + rowCost);
    return Math.max(0, statementCost - sorted.cost) + Math.min(few, scanCost);
  }
  const found = Math.max(1, rows);
  const read = pagesRead(found, Math.max(1, pages));
  const share = Math.sqrt(read / Math.max(1, pages));
  const pageCost = randomPage - (randomPage - sequentialPage) * share;
  const byIndex = treeCost + read * pageCost + found * rowCost;
  return Math.max(0, statementCost - scanCost) + Math.min(byIndex, scanCost);
}

/** Rows lie on some pages together, the more so the more there are (Mackert and Lohman, as Postgres reckons for bitmaps). */
const pagesRead = (rows: number, pages: number): number =>
  Math.min(pages, rows, (2 * pages * rows) / (2 * pages + rows));
