/** In charge of what was typed before: kept per database in a file that only its owner can read. */
import { appendFile, chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const mostEntries = 2_000;

/** Secrets do not belong into a file, and a blank in front says: not this. */
export const isPrivate = (entry: string): boolean =>
  /^\s/.test(entry) || /password|\bidentified\b|:\/\/[^\s:@/]*:[^\s@/]+@/i.test(entry);

export class History {
  readonly entries: string[];
  readonly #file: string | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(entries: string[] = [], file?: string) {
    this.entries = entries;
    this.#file = file;
  }

  add(entry: string): void {
    if (entry.trim() === "" || isPrivate(entry) || this.entries.at(-1) === entry) return;
    this.entries.push(entry);
    const file = this.#file;
    if (file === undefined) return;
    // One JSON string a line, so that an entry may have lines itself. A full disk must not end the session.
    const append = () => appendFile(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    this.#written = this.#written.then(append).catch(() => {});
  }

  /** The nearest entry before `from` that holds these words; undefined: none. */
  search(words: string, from: number): number | undefined {
    const wanted = words.toLowerCase();
    for (let at = Math.min(from, this.entries.length) - 1; at >= 0; at -= 1) {
      if (this.entries[at]!.toLowerCase().includes(wanted)) return at;
    }
    return undefined;
  }

  /** Resolves when all is on disk. */
  flush(): Promise<void> {
    return this.#written;
  }
}

/** A file that cannot be read or written is no reason to have no shell. */
export async function openHistory(file: string): Promise<History> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readFile(file, "utf8").catch(() => "");
    const entries = text.split("\n").flatMap(readEntry);
    const kept = entries.slice(-mostEntries);
    if (text === "" || entries.length > mostEntries * 1.5) {
      const draft = `${file}.${process.pid}.new`;
      await writeFile(draft, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
      await rename(draft, file);
    }
    await chmod(file, 0o600);
    return new History(kept, file);
  } catch {
    return new History();
  }
}

function readEntry(line: string): string[] {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "string" ? [entry] : [];
  } catch {
    return [];
  }
}
