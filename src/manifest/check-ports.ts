/** In charge of what a manifest says under `ports`: that each can be one, and that no two services publish the same. */
import type { Path } from "./check-node.ts";
import type { Report } from "./check-references.ts";
import { asList, asMap, asText, extensionOf, type RawMap } from "./raw.ts";

/** `[address:][outer:]inner[/tcp]`, each port or a range of them; `[::1]` is an address, too. */
const form = /^(?:(?:\[[^\]]+\]|[^:[\]]+):)??(?:([\d-]*):)?([\d-]+)(?:\/(?:tcp|udp))?$/;

export function checkPorts(raw: RawMap, path: Path, report: Report): void {
  for (const [at, given] of asList(raw.ports).entries()) {
    const text = asText(given);
    // What comes from a variable is known when it is deployed.
    if (text === undefined || text.includes("${")) continue;
    const [, outer = "", inner] = form.exec(text) ?? [];
    if (inner !== undefined && (outer === "" || canBe(outer)) && canBe(inner)) continue;
    report(
      [...path, "ports", at],
      `found ${JSON.stringify(given)}, expected a port from 1 to 65535, such as 3000 or "8080:3000"`,
    );
  }
}

/** `3000`, or `3000-3005`. */
const canBe = (text: string): boolean =>
  /^\d{1,5}(-\d{1,5})?$/.test(text) &&
  text.split("-").every((port) => Number(port) >= 1 && Number(port) <= 65_535);

/** Of services that run: the ports of a database mean nothing here. */
export function checkPublishedTwice(services: RawMap, report: Report): void {
  const publishers = new Map<string, string>();
  for (const [name, given] of Object.entries(services)) {
    const raw = asMap(given);
    const { role = "service" } = extensionOf(raw);
    if (role !== "service") continue;
    for (const [at, port] of asList(raw.ports).entries()) {
      const outer = form.exec(asText(port) ?? "")?.[1];
      if (!outer) continue;
      const other = publishers.get(outer);
      if (other !== undefined && other !== name)
        report(["services", name, "ports", at], `port ${outer} is service ${other}'s already`, hint);
      publishers.set(outer, other ?? name);
    }
  }
}

const hint = "Publish another one, or write the inner port only: then Postern finds a free one.";
