/** In charge of making a release's folder of what was uploaded: as its project's user, and bounded. */
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { requireSpaceAt } from "../base/disk-space.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { runProgram } from "../runtime/run-program.ts";
import { logSize } from "./read-log.ts";
import type { ReleaseContext } from "./release-context.ts";
import { preparePlace, removeFolder } from "./release-layout.ts";

/** What a folder may take, unpacked. */
export const mostUnpackedBytes = 2 * 1024 ** 3;

/** What an attempt before has left is thrown away. @throws Y7055 */
export async function unpackRelease(
  platform: Platform,
  { row, place, folder }: ReleaseContext,
  upload: string,
): Promise<void> {
  const compressed = await logSize(upload);
  if (compressed === 0)
    throw posternError("Y7055", "The upload is gone.", { hint: "Deploy again: uploads are kept for a day." });
  await preparePlace(place, row.number);
  await removeFolder(place, row.number);
  await preparePlace(place, row.number);
  await requireSpaceAt(platform, folder, compressed * 4, `Release ${row.number}`);
  const source = createReadStream(upload);
  const gunzip = createGunzip();
  const limit = limitBytes(mostUnpackedBytes);
  const flow = pipeline(source, gunzip, limit).catch((error: unknown) => {
    limit.destroy(error as Error);
    throw error;
  });
  flow.catch(() => {});
  try {
    const ended = await runProgram(
      "tar",
      ["-x", "-f", "-", "-C", folder, "--no-same-owner", "--no-same-permissions"],
      { account: place.account, stdin: limit, signal: platform.stopping },
    );
    // Tar reads to the archive's end, and no further.
    await flow.catch((error: unknown) => {
      if (ended.exitCode !== 0 || !hasCode(error, "ERR_STREAM_PREMATURE_CLOSE")) throw error;
    });
    if (ended.exitCode !== 0) throw new Error(ended.stderr.trim());
  } catch (error) {
    platform.stopping.throwIfAborted();
    if (hasCode(error, "Y7055")) throw error;
    throw posternError("Y7055", "The upload cannot be unpacked.", { detail: messageOf(error) });
  }
}

function limitBytes(most: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= most) return done(null, chunk);
      done(
        posternError("Y7055", `The project's folder is larger than ${most / 1024 ** 3} GiB.`, {
          hint: "Leave what is not needed out of it: what .gitignore names is not sent.",
        }),
      );
    },
  });
}
