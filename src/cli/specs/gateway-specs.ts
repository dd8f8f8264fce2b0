/** In charge of declaring the commands of gateways and control planes. */
import { type CommandSpec, confirmOptions } from "../command-spec.ts";

export const gatewaySpecs: readonly CommandSpec[] = [
  {
    path: "gateway",
    summary: "answer SQL over HTTP and take connections to databases on this host; runs until it is stopped",
    options: [
      {
        flags: "--control <urls>",
        summary: "addresses of the control planes, by commas; also from POSTERN_CONTROL",
      },
      {
        flags: "--token-file <file>",
        summary: "file with the gateway's token; - reads standard input; also from POSTERN_GATEWAY_TOKEN",
      },
      {
        flags: "--name <name>",
        summary: "what it is called in lists; the host's name unless said otherwise",
      },
      { flags: "--listen <address>", summary: "bind to this address instead of 127.0.0.1; wants TLS" },
      {
        flags: "--port <port>",
        summary: "port to take requests at, 5480 unless said otherwise; 0: any free one",
      },
      {
        flags: "--pool-port <port>",
        summary: "port of pooled connections, 6432 unless said otherwise; 0: any free one",
      },
      {
        flags: "--direct-port <port>",
        summary: "port of direct connections, 5433 unless said otherwise; 0: any free one",
      },
      { flags: "--insecure", summary: "without TLS, to control planes and for other machines" },
      {
        flags: "--workers <count>",
        summary: "processes that answer, 1 to 64; as many as cores, at most 8, unless said",
      },
    ],
    examples: [
      "POSTERN_GATEWAY_TOKEN=gw_… postern gateway --control https://postern.example.com",
      "postern gateway --control https://a.example.com,https://b.example.com --token-file /run/secrets/gateway --listen 0.0.0.0",
    ],
    load: () => import("../commands/gateway.ts"),
  },
  {
    path: "admin control list",
    aliases: ["admin control ls"],
    summary: "list the control planes that share one set of tables: since when, last heard of, and who leads",
    examples: ["postern admin control list", "postern admin control list --json"],
    load: () => import("../commands/admin-control-list.ts"),
  },
  {
    path: "admin gateway list",
    aliases: ["admin gateway ls"],
    summary: "list the gateways of the last day",
    examples: ["postern admin gateway list", "postern admin gateway list --json"],
    load: () => import("../commands/admin-gateway-list.ts"),
  },
  {
    path: "admin gateway token create",
    summary: "make a token that lets gateways in",
    args: [{ name: "<name>", summary: "what it is for" }],
    examples: [
      "postern admin gateway token create eu-west",
      "postern admin gateway token create eu-west --json",
    ],
    load: () => import("../commands/admin-gateway-token-create.ts"),
  },
  {
    path: "admin gateway token list",
    aliases: ["admin gateway token ls"],
    summary: "list the tokens that let gateways in",
    examples: ["postern admin gateway token list"],
    load: () => import("../commands/admin-gateway-token-list.ts"),
  },
  {
    path: "admin gateway token revoke",
    aliases: ["admin gateway token rm"],
    summary: "revoke a token of gateways; those that came by it answer nothing any more",
    args: [{ name: "<token>", summary: "name or id" }],
    options: [...confirmOptions],
    examples: ["postern admin gateway token revoke eu-west --yes"],
    load: () => import("../commands/admin-gateway-token-revoke.ts"),
  },
];
