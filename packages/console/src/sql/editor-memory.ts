/** In charge of what the SQL editor keeps in this browser for a database: its tabs, and what was run. */
export interface EditorTab {
  id: string;
  title: string;
  text: string;
}

export interface EditorMemory {
  tabs: EditorTab[];
  current: string;
  /** The newest first. */
  history: { sql: string; at: string }[];
}

const mostHistory = 200;
const mostCharacters = 200_000;
const keyOf = (account: string, database: string) => `postern-sql-${account}-${database}`;

export const newTab = (number: number, text = ""): EditorTab => ({
  id: crypto.randomUUID?.() ?? String(Math.random()),
  title: `Query ${number}`,
  text,
});

export function readMemory(account: string, database: string): EditorMemory {
  const tab = newTab(1);
  const empty = { tabs: [tab], current: tab.id, history: [] };
  try {
    const kept = JSON.parse(
      window.localStorage.getItem(keyOf(account, database)) ?? "null",
    ) as EditorMemory | null;
    return kept && kept.tabs.length > 0 ? kept : empty;
  } catch {
    return empty;
  }
}

export function writeMemory(account: string, database: string, memory: EditorMemory): void {
  const tabs = memory.tabs.map((tab) => ({ ...tab, text: tab.text.slice(0, mostCharacters) }));
  try {
    window.localStorage.setItem(keyOf(account, database), JSON.stringify({ ...memory, tabs }));
  } catch {
    // A full store, or none at all: the tabs last as long as the page.
  }
}

/** Passwords are not kept. */
export function remember(history: EditorMemory["history"], sql: string): EditorMemory["history"] {
  if (/\bpassword\b/i.test(sql) || sql.length > 10_000) return history;
  return [{ sql, at: new Date().toISOString() }, ...history.filter((one) => one.sql !== sql)].slice(
    0,
    mostHistory,
  );
}
