/** In charge of the shapes of what an administrator's machine has beside its databases. */

/** What databases in machines of their own start from. */
export interface GuestImageInfo {
  directory: string;
  postgres_version: string;
  kernel: string;
  /** ISO 8601. */
  made_at: string;
  size_bytes: number;
  /** `whole`, or what is wrong with it. */
  state: string;
}
