/** In charge of the development issuer's key: made once, kept where only its user can read it. */
import type { webcrypto } from "node:crypto";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { userConfigDirectory } from "../../base/directories.ts";
import { messageOf, posternError } from "../../base/error.ts";
import { readPrivateFile, writePrivateFile } from "../private-file.ts";

export const devAlgorithm = "ES256";
export const defaultDevPort = 5489;

interface DevIssuerFile {
  private_key: JWK;
  /** Where it ran last: the tokens' `iss`. */
  port: number;
}

export interface DevKey {
  kid: string;
  privateKey: webcrypto.CryptoKey;
  publicJwk: JWK;
  port: number;
}

const keyFile = () => join(userConfigDirectory(), "dev-issuer.json");

/** With a port, that is the one from now on. @throws Y0001 when the file holds no key of this kind */
export async function readDevKey(port?: number): Promise<DevKey> {
  const kept = await readPrivateFile<DevIssuerFile>(keyFile());
  const file: DevIssuerFile = {
    private_key: kept?.private_key ?? (await makePrivateKey()),
    port: port ?? kept?.port ?? defaultDevPort,
  };
  if (!kept || kept.port !== file.port) await writePrivateFile(keyFile(), file);
  try {
    const { kty, crv, x, y } = file.private_key;
    const publicPart = { kty, crv, x, y } as JWK;
    const kid = await calculateJwkThumbprint(publicPart);
    const privateKey = (await importJWK(file.private_key, devAlgorithm)) as webcrypto.CryptoKey;
    return {
      kid,
      privateKey,
      publicJwk: { ...publicPart, kid, alg: devAlgorithm, use: "sig" },
      port: file.port,
    };
  } catch (error) {
    throw posternError("Y0001", `${keyFile()} holds no key that can sign.`, {
      detail: messageOf(error),
      hint: "Delete it; a new one is made.",
      cause: error,
    });
  }
}

async function makePrivateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(devAlgorithm, { extractable: true });
  return exportJWK(privateKey);
}

export const devIssuerUrl = (port: number): string => `http://127.0.0.1:${port}`;
