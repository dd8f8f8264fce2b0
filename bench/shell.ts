/** In charge of measuring how soon somebody can type into the shell, and has the first answer, in a terminal of its own. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern } from "./temporary-postern.ts";

const command = fileURLToPath(new URL("../dist/bin/postern.js", import.meta.url));

interface Ways {
  database: string;
  environment: NodeJS.ProcessEnv;
}

export async function benchShell({ json, rounds }: { json: boolean; rounds: number }): Promise<void> {
  const postern = await startTemporaryPostern();
  const config = await mkdtemp(join(tmpdir(), "pnb-"));
  try {
    const { id } = await postern.api<{ id: string }>("POST", "/v1/databases", {});
    const ways: Ways = {
      database: id,
      environment: {
        ...process.env,
        POSTERN_API_URL: postern.apiUrl,
        POSTERN_API_KEY: postern.apiKey,
        POSTERN_CONFIG_DIR: config,
        NO_COLOR: "1",
      },
    };
    const samples = {
      prompt: [] as number[],
      processor: [] as number[],
      http: [] as number[],
      answer: [] as number[],
      piped: [] as number[],
    };
    for (let round = 0; round < rounds; round += 1) {
      const direct = await firstPrompt(ways, "");
      samples.prompt.push(direct.promptMs);
      samples.processor.push(direct.processorMs);
      samples.answer.push(direct.answerMs);
      samples.http.push((await firstPrompt(ways, " --http")).promptMs);
      samples.piped.push(await onePiped(ways));
    }
    tell(json, rounds, samples);
  } finally {
    await postern.close();
    await rm(config, { recursive: true, force: true });
  }
}

function tell(json: boolean, rounds: number, samples: Record<string, number[]>): void {
  const names: Record<string, string> = {
    prompt: "from the command to the prompt",
    processor: "processor time of that",
    http: "the same through Postern's own port (--http)",
    answer: "from Enter behind the first statement to its answer",
    piped: "one statement with -c, from the command to its end",
  };
  for (const [name, times] of Object.entries(samples)) {
    const [middle, most] = [median(times), percentile(times, 0.9)].map(Math.round);
    if (json) console.log(JSON.stringify({ what: name, rounds, median_ms: middle, p90_ms: most }));
    else console.log(`${names[name]}: ${middle} ms (p90 ${most}; ${rounds} rounds)`);
  }
}

/** `script` gives it a terminal, and passes on what is typed and shown. */
async function firstPrompt({ database, environment }: Ways, options: string) {
  const startedAt = performance.now();
  const words = `exec ${process.execPath} ${command} db connect ${database}${options}`;
  const child = spawn("script", ["-qefc", words, "/dev/null"], {
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) =>
    child.once("exit", () => resolve()).once("error", reject),
  );
  let shown = "";
  child.stdout.setEncoding("utf8");
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!shown.includes(text)) return;
        child.stdout.off("data", look);
        resolve();
      };
      child.stdout.on("data", look);
      void ended.then(() => reject(new Error(`The shell ended:\n${shown}`)), reject);
      look();
    });
  child.stdout.on("data", (text: string) => {
    shown += text;
  });
  await shows("Enter SQL");
  const promptMs = performance.now() - startedAt;
  const processorMs = await processorTimeOf(await childOf(child.pid!));
  child.stdin.write("select 6 * 7 as answer;");
  await shows("as answer;");
  const enteredAt = performance.now();
  child.stdin.write("\r");
  await shows("(1 row)");
  const answerMs = performance.now() - enteredAt;
  child.stdin.end("\u0004");
  await ended;
  return { promptMs, processorMs, answerMs };
}

const childOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();

/** In ticks of 10 ms; other load does not change it much. */
async function processorTimeOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function onePiped({ database, environment }: Ways): Promise<number> {
  const startedAt = performance.now();
  await promisify(execFile)(process.execPath, [command, "db", "connect", database, "-c", "select 1"], {
    env: environment,
  });
  return performance.now() - startedAt;
}
