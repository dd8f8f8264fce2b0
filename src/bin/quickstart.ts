#!/usr/bin/env node
import { runQuickstart } from "../cli/quickstart.ts";

process.exitCode = await runQuickstart();
