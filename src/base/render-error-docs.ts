/** In charge of the table of error codes as a document. */
import { errorCodes } from "./error-codes.ts";

const classes: Record<string, string> = {
  Y0: "Configuration and set-up",
  Y1: "The request",
  Y2: "Who may do what",
  Y3: "Databases",
  Y4: "Servers",
  Y5: "Migrations",
  Y6: "Backups",
  Y7: "Projects and manifests",
  Y8: "Credentials and pooling",
  Y9: "Postern's own fault",
};

/** Markdown of `docs/errors.md`. */
export function renderErrorDocs(): string {
  const sections = Object.entries(classes).map(([prefix, title]) => {
    const rows = Object.entries(errorCodes)
      .filter(([code]) => code.startsWith(prefix))
      .map(([code, { name, http, exit }]) => `| \`${code}\` | ${name} | ${http} | ${exit} |`);
    return `## ${prefix}: ${title}\n\n| code | condition | HTTP status | exit code |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${introduction}\n${sections.join("\n")}`;
}

const introduction = `<!-- Written by \`npm run docs\` from src/base/error-codes.ts. -->
# Errors

Every error has a code that stays, a message (what), and where they help a detail (why) and a hint (what mends it). Over HTTP
the body is

\`\`\`json
{"code": "Y3001", "message": "…", "detail": "…", "hint": "…", "position": 8, "statement_index": 0, "request_id": "…"}
\`\`\`

with only the fields that apply; the command line prints the same, and with \`--json\` as \`{"error": {…}}\` on standard error.

A code of five characters that does not begin with \`Y\` is Postgres's own
[SQLSTATE](https://www.postgresql.org/docs/current/errcodes-appendix.html), with Postgres's message, detail, hint and position: HTTP status
400 and exit code 7, except for "not now" (53300, 57P01 to 57P03, 08001, 08006), which are 503 and exit code 9.

Exit codes: 0 done, 1 failed, 2 usage or an answer is needed, 3 declined, 4 not authenticated or not allowed, 5 not found, 6 conflict,
7 SQL error, 8 pending (with \`--exit-code\`), 9 unreachable or timed out, 130 interrupted.
`;
