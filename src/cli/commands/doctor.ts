/** In charge of `postern doctor`: what could keep Postern from working, each with what mends it. */
import { type Config, readConfig } from "../../base/config.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { findDaemon } from "../daemon-process.ts";
import { type Check, carryOut, type Finding, mend } from "../doctor/check.ts";
import { daemonChecks } from "../doctor/daemon-checks.ts";
import { guestChecks } from "../doctor/guest-checks.ts";
import { homeChecks } from "../doctor/home-checks.ts";
import { machineChecks } from "../doctor/machine-checks.ts";
import { serviceChecks } from "../doctor/service-checks.ts";
import type { Paint } from "../output.ts";

/** As of what is pending: a script can tell it from a doctor that failed. */
const somethingIsWrong = 8;

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const findings = await inspect(context, input.flag("fix"));
  await output.print(findings, () => findings.map((one) => render(one, output.paint)).join("\n"));
  const wrong = findings.filter(({ ok }) => !ok).length;
  if (wrong > 0 && !input.flag("fix")) output.talk("`postern doctor --fix` mends what can be mended safely.");
  const code = wrong === 0 ? 0 : somethingIsWrong;
  // A request that nobody answers shall not keep the doctor.
  setTimeout(() => process.exit(code), 100).unref();
  return code;
};

async function inspect(context: CliContext, fix: boolean): Promise<Finding[]> {
  let config: Config | undefined;
  const configuration: Check = {
    name: "configuration",
    look: () => {
      config = readConfig();
      return "every variable can be read";
    },
  };
  const first = await carryOut(configuration);
  if (!config) return [first];
  const daemon = await findDaemon(config.home).catch(() => undefined);
  const early = [
    ...machineChecks(config, daemon?.pid),
    ...homeChecks(config, context.directory),
    ...guestChecks(config, context),
  ];
  const late = [...daemonChecks(config, context), ...serviceChecks(config, context)];
  const found = [first, ...(await Promise.all([...early, ...late].map(carryOut)))];
  return fix ? mendAll([...early, ...late], found) : found;
}

/** One after the other, as one thing that is mended mends others: a daemon that starts takes over what was left. */
async function mendAll(checks: readonly Check[], found: readonly Finding[]): Promise<Finding[]> {
  const order = ["permissions", "user config", "daemon"];
  const rank = ({ name }: Check) => (order.includes(name) ? order.indexOf(name) : order.length);
  const mended = new Map<string, Finding>(found.map((finding) => [finding.name, finding]));
  for (const check of [...checks].sort((a, b) => rank(a) - rank(b))) {
    const before = mended.get(check.name)!;
    if (before.state === "ok") continue;
    const now = await carryOut(check);
    mended.set(
      check.name,
      now.state === "ok"
        ? { ...now, state: "fixed", fixed: "mended with the others" }
        : await mend(check, now),
    );
  }
  return found.map(({ name }) => mended.get(name)!);
}

function render({ name, state, detail, hint, command, fixed }: Finding, paint: Paint): string {
  const marks = {
    ok: paint.green("✓"),
    fixed: paint.green("✓"),
    warning: paint.yellow("!"),
    wrong: paint.red("✗"),
  };
  const lines = [`${marks[state]} ${name.padEnd(14)} ${detail}`];
  if (fixed !== null) lines.push(`  Mended: ${fixed}`);
  if (hint !== null) lines.push(`  Hint: ${hint}`);
  if (command !== null) lines.push(`  Run: ${command}`);
  return lines.join("\n");
}
