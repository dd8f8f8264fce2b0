#!/usr/bin/env node
import { runDaemonCommand } from "../daemon/main.ts";

process.exitCode = await runDaemonCommand(process.argv[2], process.argv.slice(3));
