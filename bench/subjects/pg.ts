/** In charge of `pg` without HTTP as a subject: what a program reaches that holds the driver itself. */
import { runPgLoad } from "../load/run-load.ts";
import { type OpenSubject, warmupSeconds } from "./subject.ts";

export const openPg: OpenSubject = async ({ pool }) => ({
  name: "pg",
  prepare:
    async ({ requests, route }) =>
    (amount) =>
      runPgLoad({ ...amount, warmupSeconds, pool, requests, transaction: route === "/transaction" }),
});
