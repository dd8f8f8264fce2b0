/** In charge of declaring the commands that start, stop and look at Postern itself. */
import type { CommandSpec } from "../command-spec.ts";
import { placeOptions } from "./release-specs.ts";

export const daemonSpecs: readonly CommandSpec[] = [
  {
    path: "up",
    summary: "start Postern in the background and wait until it is ready",
    options: [
      { flags: "--foreground", summary: "stay attached until it stops" },
      { flags: "--listen <address>", summary: "bind to this address instead of 127.0.0.1; wants TLS" },
      { flags: "--insecure", summary: "let other machines in without TLS" },
      {
        flags: "--workers <count>",
        summary: "processes that answer SQL over HTTP, 0 to 64; as many as cores, at most 8, unless said",
      },
    ],
    examples: [
      "postern up",
      "POSTERN_HTTP_PORT=0 postern up --foreground",
      "postern up --workers 4",
      "POSTERN_TLS_CERT=/etc/tls/db.pem POSTERN_TLS_KEY=/etc/tls/db.key postern up --listen 0.0.0.0",
    ],
    load: () => import("../commands/up.ts"),
  },
  {
    path: "down",
    summary: "stop Postern and all its servers; data stays",
    examples: ["postern down"],
    load: () => import("../commands/down.ts"),
  },
  {
    path: "status",
    summary: "show what runs, and where",
    examples: ["postern status", "postern status --json"],
    load: () => import("../commands/status.ts"),
  },
  {
    path: "logs",
    summary: "show the log of a service of the project, of the daemon or of one of its servers",
    args: [
      {
        name: "[service]",
        summary:
          "a service of postern.yaml; daemon, system, shared, pgbouncer or ins-…; the daemon unless named",
      },
    ],
    options: [
      { flags: "-f, --follow", summary: "go on with what is added, until ^C" },
      { flags: "-n, --lines <count>", summary: "how many lines, 100 unless said otherwise" },
      { flags: "--release <number>", summary: "what the steps of that deploy wrote instead" },
      ...placeOptions,
    ],
    examples: [
      "postern logs",
      "postern logs -f -n 20",
      "postern logs shared",
      "postern logs api --env staging -f",
      "postern logs --release 3 --env staging",
    ],
    load: () => import("../commands/logs.ts"),
  },
  {
    path: "doctor",
    summary: "look for what could keep Postern from working; exit 8 when something is wrong",
    options: [{ flags: "--fix", summary: "mend what can be mended safely, and say what was done" }],
    examples: ["postern doctor", "postern doctor --fix"],
    load: () => import("../commands/doctor.ts"),
  },
];
