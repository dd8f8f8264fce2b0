/** In charge of `postern dev-issuer token`: a token of the development issuer, without asking it. */
import { parseDuration } from "../../base/duration.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { devIssuerUrl, readDevKey } from "../dev-issuer/dev-key.ts";
import { defaultExpirySeconds, signDevToken } from "../dev-issuer/sign-dev-token.ts";
import { readPort } from "../read-port.ts";

export const run: CommandRun = async ({ output }, input) => {
  const expires = input.text("expires");
  const expiresInSeconds = expires === undefined ? defaultExpirySeconds : parseDuration(expires) / 1000;
  const kept = await readDevKey();
  const key = { ...kept, port: readPort(input) ?? kept.port };
  const claims = Object.fromEntries(input.list("claim").map(parseClaim));
  const token = await signDevToken(key, { subject: input.text("sub")!, claims, expiresInSeconds });
  const issuer = devIssuerUrl(key.port);
  await output.print({ access_token: token, issuer, expires_in: expiresInSeconds }, () => token);
  if (process.stdout.isTTY) output.talk(`Postern takes it while \`postern dev-issuer\` runs at ${issuer}.`);
  return 0;
};

/** `level=3` is a number and `name=3rd` a text: JSON where it is JSON. @throws Y1013 */
function parseClaim(text: string): [string, unknown] {
  const split = text.indexOf("=");
  if (split < 1) {
    throw posternError("Y1013", `--claim is "${text}"; it has the form name=value.`, {
      hint: "For example --claim role=editor.",
    });
  }
  const value = text.slice(split + 1);
  try {
    return [text.slice(0, split), JSON.parse(value)];
  } catch {
    return [text.slice(0, split), value];
  }
}
