/** In charge of `postern open`: the console in a browser, signed in by a link that works once. */
import { spawn } from "node:child_process";
import type { CommandRun } from "../command-spec.ts";
import { resolveApiAccess } from "../user-config.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const [ref] = input.args;
  const database = ref === undefined ? undefined : await control.getDatabase(ref);
  const link = await control.createConsoleLink();
  const { hash } = new URL(link.url);
  // At the address that this machine reaches Postern by, which is where the cookie will be.
  const { url: apiUrl } = await resolveApiAccess();
  const path = database === undefined ? "/console/" : `/console/db/${database.id}`;
  const url = `${apiUrl.replace(/\/+$/, "")}${path}${hash}`;
  const opened = !input.flag("print") && context.output.forPeople && (await openBrowser(url));
  await context.output.print({ url, expires_at: link.expires_at, opened }, () =>
    opened ? `✓ The console is open in your browser: ${url.replace(hash, "")}` : url,
  );
  if (!opened && context.output.forPeople) context.output.talk("It signs in once, and within a minute.");
  return undefined;
};

/** False: there is no browser to open, as on a server. */
async function openBrowser(url: string): Promise<boolean> {
  const hasScreen = process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (process.platform === "linux" && !hasScreen && !process.env.BROWSER) return false;
  const [program, ...args] = openers[process.platform] ?? [process.env.BROWSER || "xdg-open"];
  return new Promise((resolve) => {
    const child = spawn(program!, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

const openers: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
