/**
 * In charge of the programs that a cluster runs: those of the machine where they are new enough, else those of a newer
 * release of the distribution, unpacked into a folder of their own. Nothing is installed.
 */
import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { openApt } from "../../dist/runtime/apt.js";
import { findToolchainSources } from "../../dist/runtime/toolchain-source.js";

const run = promisify(execFile);

/** Older ones were seen to lose commits that had been acknowledged, when a leader came back from a cut network. */
export const leastPatroni = [4, 0, 7];

const wanted = [
  "patroni",
  "etcd-server",
  "etcd-client",
  "haproxy",
  "python3-psycopg2",
  "python3-etcd",
  "patchelf",
];
/** What only an installed system needs. */
const unneeded =
  /^(adduser|base-passwd|debconf|dpkg|init-system-helpers|libdb5|libpam|libsemanage|login|lsb-base|passwd|perl|sysvinit|tar$)/;

/**
 * @typedef {{ patroni: string[], patronictl: string[], etcd: string, etcdctl: string, haproxy: string, from: string }} Programs
 * commands are lists of words
 */

/** @param {string} directory where unpacked ones are kept, for all clusters @param {(text: string) => void} say @returns {Promise<Programs>} */
export async function findPrograms(directory, say) {
  const system = await findInstalled();
  if (system) return system;
  const prefix = join(directory, "ha-1");
  if (!(await exists(prefix))) await unpack(directory, prefix, say);
  const python = join(prefix, "usr/bin/python3");
  return {
    patroni: [python, "-m", "patroni"],
    patronictl: [python, "-c", "from patroni.ctl import ctl; ctl(prog_name='patronictl')"],
    etcd: join(prefix, "usr/bin/etcd"),
    etcdctl: join(prefix, "usr/bin/etcdctl"),
    haproxy: join(prefix, "usr/sbin/haproxy"),
    from: prefix,
  };
}

/** @returns {Promise<Programs | undefined>} undefined when one is missing or too old */
async function findInstalled() {
  try {
    const { stdout } = await run("patroni", ["--version"]);
    const version = /(\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [0, 0, 0];
    if (isOlder(version, leastPatroni)) return undefined;
    const found = await Promise.all(["patronictl", "etcd", "etcdctl", "haproxy"].map(find));
    const [patronictl, etcd, etcdctl, haproxy] = found;
    return { patroni: ["patroni"], patronictl: [patronictl], etcd, etcdctl, haproxy, from: "system" };
  } catch {
    return undefined;
  }
}

/** @param {number[]} version @param {number[]} least */
export function isOlder(version, least) {
  const at = least.findIndex((part, index) => part !== version[index]);
  return at >= 0 && version[at] < least[at];
}

/** @param {string} program */
async function find(program) {
  const { stdout } = await run("/bin/sh", ["-c", 'command -v "$0"', program], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  return stdout.trim();
}

/** @param {string} directory @param {string} prefix @param {(text: string) => void} say */
async function unpack(directory, prefix, say) {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const scratch = await mkdtemp(join(directory, ".programs-"));
  try {
    await chmod(scratch, 0o755);
    const [source] = await findToolchainSources();
    say(`Reading the package lists (${source.suite})`);
    const apt = await openApt(join(scratch, "apt"), source.lines);
    await apt.update();
    const packages = await apt.resolve(wanted);
    if (!packages) throw new Error(`${source.suite} has not all of ${wanted.join(", ")}`);
    const names = [...packages.keys()].filter((name) => !unneeded.test(name));
    say(`Downloading Patroni ${packages.get("patroni")} and what it needs (${names.length} packages)`);
    await apt.download(names, join(scratch, "packages"));
    const root = join(scratch, "root");
    await mkdir(root);
    for (const file of await readdir(join(scratch, "packages")))
      await run("dpkg-deb", ["-x", join(scratch, "packages", file), root]);
    await fit(root, prefix);
    await rename(root, prefix).catch((error) => {
      // Somebody else made it meanwhile.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Programs find their own C library and their own Python in the folder that `root` will be renamed to.
 * @param {string} root @param {string} prefix
 */
async function fit(root, prefix) {
  for (const folder of ["lib", "lib64"]) {
    const outside = join(root, folder);
    if (
      !(await lstat(outside).then(
        (info) => info.isDirectory(),
        () => false,
      ))
    )
      continue;
    await cp(outside, join(root, "usr", folder), { recursive: true, verbatimSymlinks: true, force: true });
    await rm(outside, { recursive: true });
  }
  const triplet = (await readdir(join(root, "usr/lib"))).find((name) => name.endsWith("-linux-gnu"));
  const libraries = join("usr/lib", triplet);
  const loader = (await readdir(join(root, libraries))).find((name) => /^ld-linux.*\.so\.\d$/.test(name));
  const start = [join(root, libraries, loader), "--library-path", join(root, libraries)];
  for (const program of ["usr/bin/etcd", "usr/bin/etcdctl", "usr/sbin/haproxy"]) {
    const [command, ...rest] = [...start, join(root, "usr/bin/patchelf")];
    const edits = ["--set-interpreter", join(prefix, libraries, loader), "--force-rpath", "--set-rpath"];
    await run(command, [...rest, ...edits, join(prefix, libraries), join(root, program)]);
  }
  await wrapPython(root, prefix, { libraries, loader });
}

/** Python's program cannot be altered, so it is started through its loader. */
async function wrapPython(root, prefix, { libraries, loader }) {
  const bin = join(root, "usr/bin");
  const python = (await readdir(bin)).find((name) => /^python3\.\d+$/.test(name));
  await rename(join(bin, python), join(bin, `${python}.real`));
  const at = (/** @type {string} */ path) => join(prefix, path);
  await writeFile(
    join(bin, python),
    `#!/bin/sh
export PYTHONHOME=${at("usr")} PYTHONPATH=${at("usr/lib/python3/dist-packages")} PYTHONDONTWRITEBYTECODE=1
exec ${at(join(libraries, loader))} --argv0 "$0" --library-path ${at(libraries)} ${at(`usr/bin/${python}.real`)} "$@"
`,
    { mode: 0o755 },
  );
}

/** @param {string} path */
const exists = (path) =>
  stat(path).then(
    () => true,
    () => false,
  );
