/** In charge of what the shell knows about its database beside the session. */

export interface ShellAbout {
  label: string;
  database: string;
  host: string;
  version: string;
  /** Name of a protected environment. */
  protectedAs?: string | undefined;
  /** The answer of a statement for a user of the application, as text; everything is rolled back. */
  tryAs?: ((subject: string, sql: string) => Promise<string>) | undefined;
  /** The statements that took the most, as a table. */
  slow(order: SlowOrder): Promise<string>;
}

export type SlowOrder = "total" | "mean" | "calls";
