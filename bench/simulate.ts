/** In charge of `npm run bench -- simulate`: the arithmetic of a fleet, printed. Nothing is started and nothing measured. */
import { inputs, readInputs } from "./simulate/fleet-inputs.ts";
import { type Fleet, type Line, simulateFleet } from "./simulate/simulate-fleet.ts";

/** @param words `--name value …`, as listed by the inputs */
export function benchSimulate(words: readonly string[], json: boolean): void {
  const given = readInputs(words);
  const fleet = simulateFleet(given);
  if (json) {
    console.log(JSON.stringify({ inputs: given, ...fleet }));
    return;
  }
  console.log("From\n");
  for (const { name, what, from } of inputs)
    console.log(`  --${name.padEnd(18)} ${format(given[name]!).padStart(9)}  ${what} [${from}]`);
  console.log("\nfollows\n");
  for (const line of fleet.lines) console.log(sentence(line));
  console.log(`\n${conclusion(fleet)}`);
}

function sentence({ area, what, unit, need, limit }: Line): string {
  const about = `${area}: ${what}`.padEnd(66);
  const needed = `${format(need)} ${unit}`.trim().padStart(14);
  if (limit === null) return `  ${about} ${needed}`;
  const share = limit === 0 ? "no room" : `${Math.round((100 * need) / limit)} %`;
  return `  ${about} ${needed} of ${`${format(limit)} ${unit}`.trim().padEnd(14)} ${share}${need > limit ? "  TOO MUCH" : ""}`;
}

function conclusion({ lines, first }: Fleet): string {
  const over = lines.filter(({ need, limit }) => limit !== null && need > limit);
  const head = over.length === 0 ? "All of it fits." : `${over.length} of these do not fit.`;
  if (!first) return head;
  return `${head} The first limit as databases grow: ${first.line.area}, ${first.line.what}, at ${format(first.databases)} databases.`;
}

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
