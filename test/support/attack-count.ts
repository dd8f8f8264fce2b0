/** In charge of how many attacks there are of each class. The documentation states the numbers, and is held to them. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

/** Each counts once, on however many kinds of instances it is tried. */
const classes = new Map<string, Set<string>>();
let current: Set<string> | undefined;

/** `define` is called for each place where they are tried. */
export function attackClass<Place>(
  name: string,
  places: readonly Place[],
  define: (place: Place) => void,
): void {
  const attacks = classes.get(name) ?? new Set();
  classes.set(name, attacks);
  describe.each(places)(`${name} (%s)`, (place) => {
    current = attacks;
    define(place);
    current = undefined;
  });
}

export function countAttack(what: string): void {
  if (!current) throw new Error(`"${what}" belongs to no class of attacks.`);
  current.add(what);
}

/** An attack that takes more than a statement and its end. */
export function attackIt(what: string, run: () => Promise<void>): void {
  countAttack(what);
  it(what, run);
}

const page = new URL("../../docs/security.md", import.meta.url);
const row = /^\| ([^|]+?) +\| +(\d+) +\|/gm;
/** Its checks are not attacks. */
export const overBlocking = "Going on as ever";

/** The last call of a file of tests. */
export function describeCounts(): void {
  describe("the numbers", () => {
    // Here all classes of the file have been defined.
    const counts = [...classes].map(([name, attacks]) => [name, attacks.size] as const);
    const stated = counts.map(([name, count]) => `${name}: ${count}`).join(", ");
    it(`in docs/security.md are those of what was tried (${stated})`, async () => {
      const text = await readFile(page, "utf8");
      const rows = [...text.matchAll(row)].map(([, name, count]) => [name!, Number(count)] as const);
      expect(Object.fromEntries(rows)).toMatchObject(Object.fromEntries(counts));
      const sum = rows.reduce((total, [name, count]) => (name === overBlocking ? total : total + count), 0);
      expect(text).toContain(`${sum} attacks`);
    });
  });
}
