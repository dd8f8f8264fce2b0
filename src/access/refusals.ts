/** In charge of the refusals that are made in several places and must read the same in each. */
import { posternError } from "../base/error.ts";

export const missingCredentials = () =>
  posternError("Y2001", "The request has no credentials.", {
    hint: "Send `Authorization: Bearer <token or API key>`.",
  });

/** An unknown database and a wrong token are one and the same. */
export const invalidToken = () =>
  posternError("Y2002", "The token does not open this database.", {
    hint: "Check the database's id and DATABASE_TOKEN.",
  });

/** It reaches rows, and nothing that tells of the database as a whole. */
export const notForTenants = () =>
  posternError("Y2003", "A tenant's token may not do this.", {
    hint: "It opens SQL over HTTP and structured queries. Use a token of the whole database, or an account's API key.",
  });
