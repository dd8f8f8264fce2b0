/** In charge of what Postern's HTTP servers put up with: slow senders hold a connection no longer than this. */
export const serverOptions = {
  /** Node's default is five minutes. */
  requestTimeout: 30_000,
  headersTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  /** Longer than the minute for which proxies keep theirs, so that it is never we who close one in use. */
  keepAliveTimeout: 65_000,
};
