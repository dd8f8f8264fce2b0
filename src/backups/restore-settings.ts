/** In charge of the settings of sessions that fill a fresh database. */

/**
 * - Owners may have made their sessions read-only by default.
 * - Nothing is lost with the commits that are not waited for: the database takes the old one's place by a commit that is,
 *   and that one makes last whatever was logged before it.
 * - Indexes are built one at a time, each with room to sort in memory.
 */
export const fillingOptions =
  "-c default_transaction_read_only=off -c synchronous_commit=off -c maintenance_work_mem=256MB";
