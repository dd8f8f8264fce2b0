/** In charge of `postern db backup download`: the file, whole and as its checksum says, or none. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { startProgress } from "../progress.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const id = input.args[0]!;
  const control = await context.account();
  if (input.flag("url")) {
    const signed = await control.getDownloadUrl(id, { expires_in: input.text("expiresIn") });
    output.talk(`Good until ${formatTime(signed.expires_at)}, for whoever has it:`);
    await output.print(signed, () => signed.url);
    return undefined;
  }
  const download = await control.downloadBackup(id);
  const file = resolve(context.directory, input.text("output") ?? download.fileName);
  const draft = `${file}.part`;
  const progress = startProgress(output);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await pipeline(
      Readable.fromWeb(download.body as ReadableStream),
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          hash.update(chunk);
          bytes += chunk.length;
          progress.update(`Downloading  ${formatBytes(bytes)} of ${formatBytes(download.sizeBytes)}`);
          yield chunk;
        }
      },
      createWriteStream(draft, { mode: 0o600 }),
    );
    if (hash.digest("hex") !== download.checksum) {
      throw posternError("Y6003", `What arrived of ${id} is not what was sent.`, { hint: "Try again." });
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    progress.end();
  }
  output.success(`Wrote ${file} (${formatBytes(bytes)})`);
  output.talk("  pg_restore reads it: it is in pg_dump's custom format.");
  await output.print({ id, file, size_bytes: bytes, checksum: download.checksum }, () => "");
  return undefined;
};
