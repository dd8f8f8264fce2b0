import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, covers, readCertificate } from "../../../src/base/read-certificate.ts";
import { chooseAddress } from "../../../src/instances/server-address.ts";
import {
  type CertificateFiles,
  createAuthority,
  type TestAuthority,
} from "../../support/test-certificates.ts";

let authority: TestAuthority;
let good: CertificateFiles;
beforeAll(async () => {
  authority = await createAuthority();
  good = await authority.issue("good", {
    names: ["DNS:db.example.com", "DNS:*.db.example.com", "IP:10.1.2.3"],
  });
});
afterAll(() => authority.close());

const readFiles = ({ certificate, key }: CertificateFiles, now = new Date()) =>
  readCertificate({ certificateFile: certificate, keyFile: key }, now);

describe("a certificate and its key", () => {
  test("are read with names and end", async () => {
    const read = await readFiles(good);
    expect(read.names).toEqual(["db.example.com", "*.db.example.com", "10.1.2.3"]);
    expect(read.expiresAt.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(read.certificate).toContain("BEGIN CERTIFICATE");
    expect(read.key).toContain("PRIVATE KEY");
  });

  const refusedWith = async (files: CertificateFiles, message: RegExp, now?: Date) => {
    const error = await readFiles(files, now).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "Y0010", message: expect.stringMatching(message) });
  };

  test("that are not there are Y0010 naming variable and file", async () => {
    await refusedWith(
      { ...good, certificate: "/nowhere/cert.pem" },
      /POSTERN_TLS_CERT names \/nowhere\/cert\.pem/,
    );
    await refusedWith({ ...good, key: "/nowhere/key.pem" }, /POSTERN_TLS_KEY names \/nowhere\/key\.pem/);
  });

  test("that do not belong together are Y0010", async () => {
    const other = await authority.issue("other");
    await refusedWith({ ...good, key: other.key }, /does not belong to/);
  });

  test("that have expired or are not valid yet are Y0010", async () => {
    const old = await authority.issue("old", { validity: ["20200101000000Z", "20200201000000Z"] });
    await refusedWith(old, /has expired \(Feb {2}1 00:00:00 2020 GMT\)/);
    await refusedWith(good, /is not valid before/, new Date("2020-01-01"));
  });

  test.each([0o604, 0o602, 0o644])("with a key of mode %o are Y0010 saying chmod 600", async (mode) => {
    const files = await authority.issue(`open-${mode.toString(8)}`);
    await chmod(files.key, mode);
    await refusedWith(files, /open to every user/);
  });

  test("that are something else are Y0010", async () => {
    const text = join(good.certificate, "../text");
    await writeFile(text, "hello", { mode: 0o600 });
    await refusedWith({ ...good, certificate: text }, /holds no certificate in PEM/);
    await refusedWith({ ...good, key: text }, /holds no private key without a passphrase in PEM/);
    await refusedWith({ ...good, key: good.certificate }, /open to every user|holds no private key/);
  });

  test.each([
    ["db.example.com", true],
    ["db-0123456789ab.db.example.com", true],
    ["10.1.2.3", true],
    ["example.com", false],
    ["a.b.db.example.com", false],
    ["10.1.2.4", false],
    ["localhost", false],
  ])("for %s: %s", async (host, answer) => {
    expect(covers(await readFiles(good), host)).toBe(answer);
  });
});

describe("the host in URLs", () => {
  let certificate: Certificate;
  beforeAll(async () => {
    certificate = await readFiles(good);
  });

  test.each<[string, Parameters<typeof chooseAddress>[0], boolean, string]>([
    [
      "the loopback address",
      { listen: "127.0.0.1", hosts: [], domain: "db.example.com" },
      false,
      "127.0.0.1",
    ],
    [
      "what is covered, even then",
      { listen: "127.0.0.1", hosts: [], domain: "db.example.com" },
      true,
      "db.example.com",
    ],
    [
      "the domain",
      { listen: "0.0.0.0", hosts: ["other"], domain: "db.example.com" },
      false,
      "db.example.com",
    ],
    ["the first other name", { listen: "0.0.0.0", hosts: ["a", "b"], domain: "localhost" }, false, "a"],
    ["the address itself", { listen: "10.1.2.3", hosts: [], domain: "localhost" }, true, "10.1.2.3"],
    [
      "what the certificate covers",
      { listen: "10.1.2.3", hosts: ["a"], domain: "localhost" },
      true,
      "10.1.2.3",
    ],
    ["loopback for every address", { listen: "0.0.0.0", hosts: [], domain: "localhost" }, false, "127.0.0.1"],
  ])("is %s", (_what, config, withTls, host) => {
    const address = chooseAddress(config, withTls ? certificate : null);
    expect(address).toEqual({ host, isEncrypted: withTls });
  });
});
