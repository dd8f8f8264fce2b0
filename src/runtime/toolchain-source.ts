/** In charge of deciding from which distribution, suite and keyring the private toolchain is made on this machine. */
import { access, readFile } from "node:fs/promises";
import { posternError } from "../base/error.ts";
import { type AptSource, readAptSources } from "./apt-source.ts";

export interface ToolchainSource {
  /** Lines of the private sources.list. */
  lines: string[];
  /** Suite that the packages come from, for people. */
  suite: string;
}

interface Distribution {
  keyring: string;
  components: string;
  /** Suites that hold Postgres >= 16 and PgBouncer >= 1.21, best first; every mirror carries all supported suites. */
  suites: string[];
  /** Which suite holds which major, of those that Postern runs; every mirror carries all supported suites. */
  majors: Record<string, string>;
  /** Whose kernel and QEMU guests run with, and what the kernel's package is called. */
  guests: { suite: string; kernelPackage: string };
}

const distributions: Record<string, Distribution> = {
  debian: {
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
    components: "main",
    suites: ["trixie"],
    majors: { "15": "bookworm", "17": "trixie" },
    guests: { suite: "bookworm", kernelPackage: "linux-image-cloud-amd64" },
  },
  ubuntu: {
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    components: "main universe",
    suites: ["noble", "resolute"],
    majors: { "16": "noble", "18": "resolute" },
    guests: { suite: "noble", kernelPackage: "linux-image-virtual" },
  },
};

/** Reads `ID`, `ID_LIKE` and `VERSION_CODENAME` of os-release(5). */
export function parseOsRelease(text: string): { ids: string[]; codename: string } {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return {
    ids: `${field("ID")} ${field("ID_LIKE")}`.trim().split(/\s+/),
    codename: field("VERSION_CODENAME"),
  };
}

/** Candidates in the order to try. @throws Y0002 when this is no Debian or Ubuntu, or has no usable source. */
export async function findToolchainSources(): Promise<ToolchainSource[]> {
  const { distribution, lines } = await openDistribution();
  return distribution.suites.map((suite) => ({ suite, lines: lines(suite) }));
}

/** Majors of Postgres that the distribution's archive has; none on a machine that is no Debian or Ubuntu. */
export async function listPackagedMajors(): Promise<string[]> {
  return openDistribution().then(
    ({ distribution }) => Object.keys(distribution.majors),
    () => [],
  );
}

/** Where the packages of this major are. @throws Y0002 */
export async function findMajorSource(major: string): Promise<ToolchainSource> {
  const { distribution, lines } = await openDistribution();
  const suite = distribution.majors[major];
  if (suite !== undefined) return { suite, lines: lines(suite) };
  throw posternError("Y0002", `The package archive of this machine has no Postgres ${major}.`);
}

export interface GuestSources {
  /** Of the kernel and of QEMU. */
  machine: ToolchainSource;
  /** Of Postgres and what it needs. */
  system: ToolchainSource;
  kernelPackage: string;
}

/** Where what a guest is made of is. @throws Y0002 */
export async function findGuestSources(major: string): Promise<GuestSources> {
  const { distribution, lines } = await openDistribution();
  const { suite, kernelPackage } = distribution.guests;
  return { machine: { suite, lines: lines(suite) }, system: await findMajorSource(major), kernelPackage };
}

async function openDistribution(): Promise<{
  distribution: Distribution;
  /** Of a private sources.list for a suite. */
  lines(suite: string): string[];
}> {
  const { ids, codename } = parseOsRelease(await readFile("/etc/os-release", "utf8").catch(() => ""));
  // Ubuntu says that it is like Debian, so its own name must be asked for first.
  const id = ["ubuntu", "debian"].find((name) => ids.includes(name));
  if (id === undefined) {
    throw posternError("Y0002", "The private toolchain can be made on Debian and Ubuntu only.", {
      hint: "Install Postgres 16 or newer and PgBouncer 1.21 or newer, then set POSTERN_TOOLCHAIN=system.",
    });
  }
  const distribution = distributions[id]!;
  const sources = await readAptSources();
  const archive = sources.find((source) => source.suite === codename && source.components.includes("main"));
  if (!archive) {
    throw posternError(
      "Y0002",
      `apt has no source for ${codename || "this release"} to take packages from.`,
      {
        detail: "Looked in /etc/apt/sources.list and /etc/apt/sources.list.d.",
        hint: "Add the distribution's own archive to apt's sources and run the command again.",
      },
    );
  }
  const security = sources.find((source) => source.suite === `${codename}-security`);
  const keyring = (await readable(distribution.keyring)) ? distribution.keyring : archive.signedBy;
  return { distribution, lines: (suite) => sourceLines(distribution, suite, keyring, archive, security) };
}

function sourceLines(
  distribution: Distribution,
  suite: string,
  keyring: string | undefined,
  archive: AptSource,
  security: AptSource | undefined,
): string[] {
  const options = keyring === undefined ? "" : `[signed-by=${keyring}] `;
  const lines = [`deb ${options}${archive.uri} ${suite} ${distribution.components}`];
  if (security) lines.push(`deb ${options}${security.uri} ${suite}-security ${distribution.components}`);
  return lines;
}

const readable = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
