/** In charge of a deploy by the API, as the command line does it, without waiting for its end. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StartedRelease } from "@postern/sdk/protocol";
import { packFolder } from "../../src/cli/pack-folder.ts";
import type { PosternHome } from "./postern-home.ts";
import { type ReleaseApp, writeApp } from "./release-app.ts";

/** To staging of the project shop. */
export async function beginDeploy(postern: PosternHome, app: ReleaseApp): Promise<StartedRelease> {
  await writeApp(postern.project, app);
  const { content } = await packFolder(postern.project);
  const answer = await fetch(`${postern.apiUrl()}/v1/uploads`, {
    method: "POST",
    headers: { authorization: `Bearer ${postern.apiKey()}`, "content-type": "application/gzip" },
    body: new Uint8Array(content),
  });
  const { id } = (await answer.json()) as { id: string };
  const manifest = await readFile(join(postern.project, "postern.yaml"), "utf8");
  const NODE_PATH = /NODE_PATH: "([^"]*)"/.exec(manifest)![1]!;
  return postern.api<StartedRelease>("POST", "/v1/projects/shop/envs/staging/releases", {
    upload: id,
    manifest,
    variables: { api: { NODE_PATH } },
  });
}
