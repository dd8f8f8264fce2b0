/** In charge of the settings that every session of the data plane starts with and is reset to. */

/** The text forms are those that the encoders read; a user's own defaults for them give way to these. */
export const sessionSettings = (statementTimeoutMs: number): Record<string, string> => ({
  application_name: "postern",
  client_encoding: "UTF8",
  DateStyle: "ISO",
  IntervalStyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  statement_timeout: String(statementTimeoutMs),
  // A statement whose client has gone ends even if the cancel request came before it had begun.
  client_connection_check_interval: "1000",
});
