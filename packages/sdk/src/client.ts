/** In charge of SQL over HTTP from the caller's side. */
export {};
