/** In charge of psql's commands that this shell leaves to psql, and of what to do instead. */

const withPsql = "postern db connect --psql opens psql itself.";

export const refusedCommands: readonly { names: RegExp; instead: string }[] = [
  {
    names: /^password$/,
    instead:
      "postern db rotate-credentials changes the database's password; elsewhere ALTER ROLE … PASSWORD, with a blank in front to keep it out of the history.",
  },
  { names: /^lo_(import|export|list|unlink)$/, instead: `bytea columns hold files, too. ${withPsql}` },
  {
    names: /^(H|html)$/,
    instead: "\\pset format markdown, csv or json; browsers have the console: postern open.",
  },
  { names: /^(T|C)$/, instead: "\\echo writes a title." },
  { names: /^;$/, instead: "BEGIN; … COMMIT; runs statements together." },
  {
    names:
      /^(copyright|parse|bind_named|close_prepared|startpipeline|endpipeline|syncpipeline|sendpipeline|flush|flushrequest|getresults)$/,
    instead: withPsql,
  },
  { names: /^(dA[cfop]?|dc|dd|de[stuw]|dF[dpt]?|do|dl|dO|dX)[+SxX]*$/, instead: withPsql },
];
