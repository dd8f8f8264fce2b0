/** In charge of the certificate authority of one's own that POSTERN_CA_CERT names; the well-known ones are trusted as well. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { messageOf, posternError } from "../base/error.ts";

/** Everyone to trust, PEM; undefined: whom Node trusts. @throws Y0010 */
export function privateAuthority(environment: NodeJS.ProcessEnv = process.env): string[] | undefined {
  const file = environment.POSTERN_CA_CERT;
  if (!file) return undefined;
  try {
    const text = readFileSync(file, "utf8");
    // What is no certificate is refused here; OpenSSL would only find nobody to trust in it.
    const { raw } = new X509Certificate(text);
    return raw.length > 0 ? [...rootCertificates, text] : undefined;
  } catch (error) {
    throw posternError("Y0010", `POSTERN_CA_CERT names ${file}, which holds no certificate in PEM.`, {
      detail: messageOf(error),
    });
  }
}
