import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { clearDirectory } from "../../../src/runtime/clear-directory.ts";
import { waitUntil } from "../../support/wait-until.ts";

it("ends who is filling the directory, and nobody who is filling its neighbour", async () => {
  const root = await mkdtemp(join(tmpdir(), "pn-clear-"));
  const names = ["data", "data2"];
  const directories = names.map((name) => join(root, name));
  // Each writes file after file into the directory that its command line names.
  const script = `const d = process.argv.at(-1).split("=")[1]; let n = 0;
    setInterval(() => { try { require("fs").writeFileSync(d + "/" + n++, "x") } catch {} }, 1)`;
  for (const directory of directories) await mkdir(directory);
  const fillers = directories.map((directory) =>
    spawn(process.execPath, ["-e", script, "--", `--pg1-path=${directory}`], { stdio: "ignore" }),
  );
  try {
    for (const directory of directories)
      await waitUntil("it is filled", async () => existsSync(join(directory, "5")));
    await clearDirectory(directories[0]!);
    expect(existsSync(directories[0]!)).toBe(false);
    await waitUntil("its filler has ended", async () => fillers[0]!.signalCode === "SIGKILL");
    expect(fillers[1]!.exitCode ?? fillers[1]!.signalCode).toBe(null);
    expect(existsSync(join(directories[1]!, "5"))).toBe(true);
  } finally {
    for (const filler of fillers) filler.kill("SIGKILL");
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});
