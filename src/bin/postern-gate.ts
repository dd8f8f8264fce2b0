#!/usr/bin/env node
import { startGate } from "../daemon/start-gate.ts";

await startGate(process.argv.slice(2));
