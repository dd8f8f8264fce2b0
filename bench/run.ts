/**
 * In charge of choosing a benchmark: `npm run bench -- NAME [--json] …`. Each prints its figures, with `--json` one object
 * a line.
 */
import { parseArgs } from "node:util";
import { benchBackup } from "./backup.ts";
import { benchBranch } from "./branch.ts";
import { benchConsole } from "./console.ts";
import { benchCreate } from "./create.ts";
import { benchHttp } from "./http.ts";
import { benchInsights } from "./insights.ts";
import { benchMany } from "./many.ts";
import { benchMicrovm } from "./microvm.ts";
import { benchRecords } from "./records.ts";
import { benchShell } from "./shell.ts";
import { benchSimulate } from "./simulate.ts";
import { benchStart } from "./start.ts";
import { benchState } from "./state.ts";
import { benchWake } from "./wake.ts";

const usage = `usage: npm run bench -- create [--most 500]
       npm run bench -- start
       npm run bench -- shell [--rounds 5]
       npm run bench -- console [--rounds 5]   in the browser that CHROMIUM_PATH names
       npm run bench -- wake [--rounds 50] [--crowd 50] [--cycles 1000] [--sleeping 200]
       npm run bench -- http [--connections 1,16,64] [--rounds 5] [--seconds 3] [--workload "point read"]…
                             [--subject postern]… [--verbose]
       npm run bench -- insights [--connections 16] [--rounds 5] [--seconds 3]
       npm run bench -- records [--connections 0,16] [--rounds 300]
       npm run bench -- state [--rounds 1000] [--records 10]
       npm run bench -- backup [--scale 32] [--rounds 5] [--verbose]
       npm run bench -- branch [--sizes 10,100,1000]
       npm run bench -- microvm [--rounds 5]   after \`postern admin image build\`
       npm run bench -- many [--shared 800] [--own 200]
       npm run bench -- simulate [--databases 100000] [--gateways 8] …   arithmetic: measures nothing
With --json: one object a line.
`;

// Its inputs have names of their own.
if (process.argv[2] === "simulate") {
  const words = process.argv.slice(3).filter((word) => word !== "--json");
  try {
    benchSimulate(words, process.argv.includes("--json"));
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    crowd: { type: "string", default: "50" },
    cycles: { type: "string", default: "1000" },
    sleeping: { type: "string", default: "200" },
    most: { type: "string", default: "500" },
    connections: { type: "string", default: "1,16,64" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    workload: { type: "string", multiple: true, default: [] },
    subject: { type: "string", multiple: true, default: [] },
    shared: { type: "string", default: "800" },
    records: { type: "string", default: "10" },
    own: { type: "string", default: "200" },
    scale: { type: "string", default: "32" },
    sizes: { type: "string", default: "10,100,1000" },
    verbose: { type: "boolean", default: false },
  },
});
const { json } = values;

switch (positionals[0]) {
  case "create":
    await benchCreate({ json, most: Number(values.most) });
    break;
  case "wake":
    await benchWake({
      json,
      rounds: Number(values.rounds),
      crowd: Number(values.crowd),
      cycles: Number(values.cycles),
      sleeping: Number(values.sleeping),
    });
    break;
  case "shell":
    await benchShell({ json, rounds: Number(values.rounds) });
    break;
  case "console":
    await benchConsole({ json, rounds: Number(values.rounds) });
    break;
  case "start":
    await benchStart({ json });
    break;
  case "http":
    await benchHttp({
      json,
      verbose: values.verbose,
      connections: values.connections.split(",").map(Number),
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      workloads: values.workload,
      subjects: values.subject,
    });
    break;
  case "insights":
    await benchInsights({
      json,
      connections: values.connections.split(",").map(Number),
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
    });
    break;
  case "records":
    await benchRecords({
      json,
      connections: process.argv.includes("--connections")
        ? values.connections.split(",").map(Number)
        : [0, 16],
      rounds: process.argv.includes("--rounds") ? Number(values.rounds) : 300,
    });
    break;
  case "state":
    await benchState({
      json,
      rounds: process.argv.includes("--rounds") ? Number(values.rounds) : 1_000,
      records: Number(values.records),
    });
    break;
  case "backup":
    await benchBackup({
      json,
      verbose: values.verbose,
      scale: Number(values.scale),
      rounds: Number(values.rounds),
    });
    break;
  case "branch":
    await benchBranch({ json, sizes: values.sizes.split(",").map(Number) });
    break;
  case "microvm":
    await benchMicrovm({ json, rounds: Number(values.rounds) });
    break;
  case "many":
    await benchMany({ json, shared: Number(values.shared), own: Number(values.own) });
    break;
  default:
    process.stderr.write(usage);
    process.exitCode = 2;
}
