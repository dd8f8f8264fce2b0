/** In charge of the server's certificate: read from its files and refused (Y0010) before anyone meets a broken one. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { messageOf, posternError } from "./error.ts";
import type { TlsFiles } from "./listen.ts";

export interface Certificate {
  /** The chain, PEM. */
  certificate: string;
  /** PEM. */
  key: string;
  expiresAt: Date;
  /** What it is good for: DNS names and addresses. */
  names: string[];
}

/** @throws Y0010 naming the file and what is wrong with it */
export async function readCertificate(
  { certificateFile, keyFile }: TlsFiles,
  now: Date,
): Promise<Certificate> {
  const certificate = await read("POSTERN_TLS_CERT", certificateFile);
  const key = await read("POSTERN_TLS_KEY", keyFile);
  await requirePrivate(keyFile);
  const leaf = parse("certificate", certificateFile, () => new X509Certificate(certificate));
  const privateKey = parse("private key without a passphrase", keyFile, () => createPrivateKey(key));
  requirePair(leaf, privateKey, certificateFile, keyFile);
  requireCurrent(leaf, certificateFile, now);
  return { certificate, key, expiresAt: new Date(leaf.validTo), names: namesOf(leaf) };
}

/** Would a client that asks for this host take it? */
export function covers({ certificate }: Pick<Certificate, "certificate">, host: string): boolean {
  const leaf = new X509Certificate(certificate);
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}

async function read(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unusable(`${variable} names ${file}, which cannot be read.`, messageOf(error));
  }
}

async function requirePrivate(keyFile: string): Promise<void> {
  const { mode } = await stat(keyFile);
  if ((mode & 0o007) === 0) return;
  throw posternError("Y0010", `The key ${keyFile} is open to every user of this machine.`, {
    hint: `Close it: chmod 600 ${keyFile}`,
  });
}

function parse<Result>(what: string, file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw unusable(`${file} holds no ${what} in PEM.`, messageOf(error));
  }
}

function requirePair(leaf: X509Certificate, key: KeyObject, certificateFile: string, keyFile: string): void {
  if (leaf.checkPrivateKey(key)) return;
  throw posternError("Y0010", `The key ${keyFile} does not belong to the certificate ${certificateFile}.`, {
    hint: "The server's own certificate comes first in its file, those of its issuers after it.",
  });
}

function requireCurrent({ validFrom, validTo }: X509Certificate, file: string, now: Date): void {
  if (now > new Date(validTo)) throw unusable(`The certificate ${file} has expired (${validTo}).`);
  if (now < new Date(validFrom)) throw unusable(`The certificate ${file} is not valid before ${validFrom}.`);
}

const unusable = (message: string, detail?: string) => posternError("Y0010", message, { detail });

/** `DNS:a.example, IP Address:10.0.0.1` as names; one without alternative names has none that clients still take. */
const namesOf = ({ subjectAltName }: X509Certificate): string[] =>
  (subjectAltName ?? "").split(", ").flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
