import { describe, expect, it } from "vitest";
import { runCommand } from "../../../../src/cli/shell/meta/run-command.ts";
import { defaultSettings } from "../../../../src/cli/shell/settings.ts";
import type { Shell } from "../../../../src/cli/shell/shell.ts";

/** What the commands under test need of a shell. */
function fakeShell() {
  const said: string[] = [];
  const shell = {
    settings: defaultSettings(),
    restriction: undefined,
    pending: "",
    lastSql: "",
    fail: (message: string, hint = "") => said.push(`${message} ${hint}`),
    say: (text: string) => said.push(text),
  };
  return { shell: shell as unknown as Shell, said };
}

describe("a command that cannot be run", () => {
  it.each([
    ["password", "", "postern db rotate-credentials"],
    ["lo_import", "x", "--psql"],
    ["dAc", "", "--psql"],
    [";", "", "COMMIT"],
    ["set", "AUTOCOMMIT off", "BEGIN begins a transaction"],
    ["set", "ON_ERROR_STOP 0", "The first error always ends a script"],
    ["crosstabvew", "", "Did you mean \\crosstabview?"],
    ["slow", "often", "\\slow mean"],
    ["prompt", "'How many?' n", "--set n=VALUE"],
    ["gdesc", "", "There is no statement"],
  ])("says what to do: \\%s %s", async (name, rest, hint) => {
    const { shell, said } = fakeShell();
    expect(await runCommand(shell, name, rest)).toBe(false);
    expect(said.join("\n")).toContain(hint);
  });
});

describe("\\restrict", () => {
  it("leaves a dump nothing but SQL until its own key lifts it", async () => {
    const { shell, said } = fakeShell();
    expect(await runCommand(shell, "restrict", "k1")).toBe(true);
    expect(await runCommand(shell, "set", "a b")).toBe(false);
    expect(await runCommand(shell, "restrict", "k2")).toBe(false);
    expect(await runCommand(shell, "unrestrict", "k2")).toBe(false);
    expect(said.join("\n")).toMatch(/restricts itself to SQL[\s\S]*not the key/);
    expect(await runCommand(shell, "unrestrict", "k1")).toBe(true);
    expect(await runCommand(shell, "set", "a b")).toBe(true);
    expect(shell.settings.variables.get("a")).toBe("b");
  });
});
