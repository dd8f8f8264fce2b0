/** In charge of "did you mean": the nearest of the words that could have been meant. */

/** Undefined when none is near: more than a third of its letters would have to change. */
export function suggest(word: string, words: readonly string[]): string | undefined {
  const given = word.toLowerCase();
  // `p1` for `db.p1`.
  const ends = words.filter((candidate) => given.length > 1 && candidate.toLowerCase().endsWith(`.${given}`));
  if (ends.length === 1) return ends[0];
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(given, candidate.toLowerCase());
    const most = Math.max(1, Math.floor(Math.max(given.length, candidate.length) / 3));
    if (distance <= most && distance < candidate.length && (!best || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word;
}

/** Letters to add, drop, change, or to swap with their neighbour. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 20) return 99;
  let older: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(change, before[j]! + 1, row[j - 1]! + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, older[j - 2]! + 1);
      row.push(least);
    }
    older = before;
    before = row;
  }
  return before[b.length]!;
}
