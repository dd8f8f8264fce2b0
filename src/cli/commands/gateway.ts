/** In charge of `postern gateway`: what it is told by flags and variables, and what it says of itself. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { mostWorkers } from "../../base/config.ts";
import { messageOf, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { privateAuthority } from "../private-authority.ts";
import { readPort } from "../read-port.ts";

export const run: CommandRun = async ({ output, programs }, input) => {
  const control = readControl(input);
  const token = await readToken(input);
  readFlags(input);
  const name = input.text("name");
  output.talk(`Asking ${control.join(" and ")}`);
  await programs.gateway({
    control,
    token,
    name,
    ca: privateAuthority(),
    onReady({ url, controlUrl, workers, ports }) {
      output.success(`The gateway is ready at ${url} (${workers} ${workers === 1 ? "worker" : "workers"})`);
      output.talk(`Pooled connections: port ${ports.pool}, direct ones: port ${ports.direct}`);
      output.talk(`Control plane: ${controlUrl}`);
    },
    onStopping: () => output.talk("Stopping, once what is under way is answered"),
  });
  return undefined;
};

/** @throws Y8052 */
function readControl(input: CommandInput): string[] {
  const given = input.text("control") ?? process.env.POSTERN_CONTROL ?? "";
  const urls = given
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "");
  if (urls.length > 0) return urls;
  throw posternError("Y8052", "A gateway needs to know its control plane.", {
    hint: "Give --control https://postern.example.com, or set POSTERN_CONTROL.",
  });
}

/** An argument is seen by whoever lists processes: a file or the environment are the ways. @throws Y8053 */
async function readToken(input: CommandInput): Promise<string> {
  const file = input.text("tokenFile");
  const token = (file === undefined ? process.env.POSTERN_GATEWAY_TOKEN : await read(file))?.trim();
  // Nothing that it starts is to have it in its environment.
  delete process.env.POSTERN_GATEWAY_TOKEN;
  if (token) return token;
  throw posternError("Y8053", "A gateway needs a token to be let in by its control plane.", {
    hint: "An administrator makes one with `postern admin gateway token create NAME`; set POSTERN_GATEWAY_TOKEN or give --token-file.",
  });
}

async function read(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw posternError("Y8053", `The token cannot be read from ${file}.`, { detail: messageOf(error) });
  }
}

const ports = [
  ["port", "POSTERN_HTTP_PORT"],
  ["pool-port", "POSTERN_POOL_PORT"],
  ["direct-port", "POSTERN_DIRECT_PORT"],
] as const;

/** Flags become variables, which the gateway reads. @throws Y1013 */
function readFlags(input: CommandInput): void {
  const listen = input.text("listen");
  if (listen !== undefined) process.env.POSTERN_LISTEN = listen;
  if (input.flag("insecure")) process.env.POSTERN_INSECURE = "1";
  for (const [option, variable] of ports) {
    const port = readPort(input, option);
    if (port !== undefined) process.env[variable] = String(port);
  }
  const workers = input.text("workers");
  if (workers === undefined) return;
  if (!/^\d{1,2}$/.test(workers) || Number(workers) < 1 || Number(workers) > mostWorkers)
    throw posternError("Y1013", `--workers is "${workers}", which is not a number from 1 to ${mostWorkers}.`);
  process.env.POSTERN_WORKERS = workers;
}
