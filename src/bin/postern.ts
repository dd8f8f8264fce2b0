#!/usr/bin/env node
import { runCli } from "../cli/main.ts";

process.exitCode = await runCli(process.argv.slice(2), {
  gateway: async (about) => (await import("../daemon/gateway/main.ts")).runGateway(about),
});
