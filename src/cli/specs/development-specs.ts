/** In charge of declaring the commands that stand in for other services while an app is developed. */
import type { CommandSpec } from "../command-spec.ts";

export const developmentSpecs: readonly CommandSpec[] = [
  {
    path: "dev-issuer",
    summary: "run an issuer of users' tokens on this machine, for development",
    options: [
      { flags: "--port <port>", summary: "port on 127.0.0.1, 5489 unless said otherwise" },
      { flags: "--subject <subject>", summary: "who a token is for that is asked for without a sub" },
    ],
    examples: ["postern dev-issuer", "postern dev-issuer --port 9000 --subject alice"],
    load: () => import("../commands/dev-issuer.ts"),
  },
  {
    path: "dev-issuer token",
    summary: "print a token of that issuer; it need not run for this",
    options: [
      { flags: "--sub <subject>", summary: "who the token is for", required: true },
      {
        flags: "--claim <name=value>",
        summary: "one more claim; JSON where it is JSON, else text",
        repeat: true,
      },
      { flags: "--expires <time>", summary: "how long it holds, 1h unless said otherwise" },
      { flags: "--port <port>", summary: "of the issuer, where it is not the one that ran last" },
    ],
    examples: [
      "postern dev-issuer token --sub alice",
      'TOKEN="$(postern dev-issuer token --sub alice --claim role=editor --expires 8h)"',
    ],
    load: () => import("../commands/dev-issuer-token.ts"),
  },
];
