/** In charge of finding where this machine's apt gets its packages, so that the private toolchain comes from there too. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
  /** Keyring file, where the source names one. */
  signedBy: string | undefined;
}

/** Every binary source of the machine, from `sources.list` and `sources.list.d`, in both of apt's formats. */
export async function readAptSources(directory = "/etc/apt"): Promise<AptSource[]> {
  const parts = await readdir(join(directory, "sources.list.d")).catch(() => []);
  const files = [
    join(directory, "sources.list"),
    ...parts.sort().map((name) => join(directory, "sources.list.d", name)),
  ];
  const sources: AptSource[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    sources.push(...(file.endsWith(".sources") ? parseDeb822(text) : parseOneLine(text)));
  }
  return sources;
}

/** `deb [signed-by=…] uri suite component…`, a line each. */
export function parseOneLine(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const [, options = "", uri, suite, components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    sources.push({ uri: uri!, suite: suite!, components: words(components), signedBy });
  }
  return sources;
}

/** Stanzas of `Key: value`, as in deb822(5). */
export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.replace(/^#.*\n?/gm, "").split(/\n\s*\n/)) {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(stanza)?.[1]?.trim() ?? "";
    if (!words(field("Types")).includes("deb") || /^(no|false)$/i.test(field("Enabled"))) continue;
    // A key may stand inline instead of a file's name; such a source is used with the distribution's own keyring.
    const signedBy = field("Signed-By").startsWith("/") ? field("Signed-By") : undefined;
    for (const uri of words(field("URIs"))) {
      for (const suite of words(field("Suites"))) {
        sources.push({ uri, suite, components: words(field("Components")), signedBy });
      }
    }
  }
  return sources;
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
