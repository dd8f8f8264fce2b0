/** In charge of `postern dev-issuer`: an issuer of tokens on this machine, for trying client mode out. */
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { startDevIssuer } from "../dev-issuer/dev-issuer-server.ts";
import { defaultDevPort } from "../dev-issuer/dev-key.ts";
import { readPort } from "../read-port.ts";
import { renderFields } from "../table.ts";

export const run: CommandRun = async ({ output }, input) => {
  const subject = input.text("subject");
  if (subject === "") throw posternError("Y1013", "--subject is empty.");
  const issuer = await startDevIssuer({
    port: readPort(input) ?? defaultDevPort,
    ...(subject === undefined ? {} : { subject }),
  });
  const curl = `curl -s ${issuer.url}/token -H 'content-type: application/json' -d '{"sub": "alice"}'`;
  await output.print({ issuer: issuer.url, token_endpoint: `${issuer.url}/token` }, () =>
    renderFields([
      ["Issuer", issuer.url],
      ["Token", curl],
      ["Or", "postern dev-issuer token --sub alice"],
    ]),
  );
  output.talk("It gives a token to everyone on this machine who asks: for development only. ^C ends it.");
  await untilAsked();
  await issuer.close();
  return 0;
};

const untilAsked = () =>
  new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
