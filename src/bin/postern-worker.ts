#!/usr/bin/env node
import { runWorker } from "../daemon/workers/run-worker.ts";

await runWorker();
