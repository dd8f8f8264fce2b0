/** In charge of the passwords of roles that nobody but Postern logs in as: they follow from the instance's key. */
import { createHmac } from "node:crypto";

export const loginPassword = (loginKey: string, role: string): string =>
  createHmac("sha256", Buffer.from(loginKey, "base64")).update(`login ${role}`).digest("base64url");
