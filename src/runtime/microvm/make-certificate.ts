/**
 * In charge of the certificates by which Postern and a guest's Postgres know each other: each side's own key, signed by
 * itself, trusted by the other and by nobody else. Their time is no matter, so they are good for ever.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface KeyAndCertificate {
  /** Both PEM. */
  key: string;
  certificate: string;
}

/** @param name common name; Postgres takes it for the name of the user who comes */
export function makeCertificate(name: string): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    nameOf(name),
    sequence(time("19700101000000Z"), time("99991231235959Z")),
    nameOf(name),
    publicKey,
    tagged(0xa3, sequence(extension("551d13", sequence(tagged(0x01, Buffer.from([0xff])))))),
  );
  const signature = sign("sha256", body, createPrivateKey(privateKey));
  const certificate = sequence(
    body,
    ecdsaWithSha256,
    tagged(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  return { key: privateKey, certificate: toPem(certificate) };
}

function tagged(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Uint8Array[]): Buffer => tagged(0x30, ...parts);
const integer = (value: Uint8Array): Buffer => tagged(0x02, value);
const identifier = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, "hex"));
const time = (text: string): Buffer => tagged(0x18, Buffer.from(text, "latin1"));
const extension = (id: string, value: Uint8Array): Buffer =>
  sequence(identifier(id), tagged(0x01, Buffer.from([0xff])), tagged(0x04, value));
const nameOf = (name: string): Buffer =>
  sequence(tagged(0x31, sequence(identifier("550403"), tagged(0x0c, Buffer.from(name)))));
const ecdsaWithSha256 = sequence(identifier("2a8648ce3d040302"));

const toPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
