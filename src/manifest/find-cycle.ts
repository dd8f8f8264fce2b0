/** In charge of finding what waits for itself. */

/** Names along one circle, the first once more at its end; undefined when there is none. */
export function findCycle(
  names: readonly string[],
  next: (name: string) => readonly string[],
): string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, way: string[]): string[] | undefined => {
    const at = way.indexOf(name);
    if (at !== -1) return [...way.slice(at), name];
    if (finished.has(name)) return undefined;
    for (const other of next(name)) {
      const found = visit(other, [...way, name]);
      if (found) return found;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of names) {
    const found = visit(name, []);
    if (found) return found;
  }
  return undefined;
}
