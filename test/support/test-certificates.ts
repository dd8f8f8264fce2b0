/** In charge of certificates for tests, by an authority of their own that openssl makes. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface CertificateOptions {
  /** As openssl writes them: `DNS:localhost`, `IP:127.0.0.1`. */
  names?: readonly string[];
  /** Beginning and end, `YYYYMMDDHHMMSSZ`; today and a month unless given. */
  validity?: readonly [string, string];
}

export interface CertificateFiles {
  certificate: string;
  key: string;
}

export interface TestAuthority {
  /** File of the authority's own certificate. */
  ca: string;
  issue(name: string, options?: CertificateOptions): Promise<CertificateFiles>;
  close(): Promise<void>;
}

export async function createAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "pn-ca-"));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await writeFile(
    file("ca.cnf"),
    `[ca]
default_ca = test
[test]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
`,
  );
  await writeFile(file("index.txt"), "");
  await writeFile(file("serial"), "1000\n");
  const subject = `/CN=Postern test authority ${folder.slice(-6)}`;
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "30",
    "-subj",
    subject,
  );
  return {
    ca: file("ca.pem"),
    async issue(name, { names = ["DNS:localhost", "IP:127.0.0.1"], validity } = {}) {
      const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`];
      await openssl("req", "-new", ...newKey, ...request, "-addext", `subjectAltName=${names.join(",")}`);
      const days = validity ? ["-startdate", validity[0], "-enddate", validity[1]] : ["-days", "30"];
      const signer = ["-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"];
      await openssl(
        "ca",
        "-batch",
        "-notext",
        ...signer,
        ...days,
        "-in",
        `${name}.csr`,
        "-out",
        `${name}.pem`,
      );
      await chmod(file(`${name}.key`), 0o600);
      return { certificate: file(`${name}.pem`), key: file(`${name}.key`) };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Puts these files in the place of those, one after the other, as what renews certificates does. */
export async function replaceFiles(there: CertificateFiles, by: CertificateFiles): Promise<void> {
  await rename(by.certificate, there.certificate);
  await rename(by.key, there.key);
}
