/** In charge of the codes by which Node and Postgres say that a server is not there, or is there no more: that passes. */
export const connectionFailures: readonly string[] = [
  "57P01",
  "57P02",
  "57P03",
  "08000",
  "08001",
  "08003",
  "08006",
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
];
