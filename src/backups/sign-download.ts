/** In charge of addresses that carry their own permission: one backup's file, until a time, signed with the home's key. */
import { timingSafeEqual } from "node:crypto";
import type { DownloadUrl } from "@postern/sdk/protocol";
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import type { BackupId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";

const longestMs = 7 * 86_400_000;

type Signer = Pick<Platform, "secrets" | "clock">;

/** @throws Y1001 */
export function signDownload(platform: Signer, apiUrl: string, id: BackupId, expiresIn = "15m"): DownloadUrl {
  const ms = parseDuration(expiresIn);
  if (ms < 1000 || ms > longestMs)
    throw posternError("Y1001", `An address cannot be good for ${expiresIn}.`, {
      hint: "Write at least 1s and at most 7d.",
    });
  const expires = Math.floor((platform.clock.now().getTime() + ms) / 1000);
  const query = `expires=${expires}&signature=${signatureOf(platform, id, String(expires))}`;
  return {
    url: `${apiUrl}/v1/backups/${id}/file?${query}`,
    expires_at: new Date(expires * 1000).toISOString(),
  };
}

/** @throws Y6014 when it was not given out like that, or is over. */
export function checkDownload(platform: Signer, id: BackupId, expires: string, signature: string): void {
  const wanted = Buffer.from(signatureOf(platform, id, expires));
  const given = Buffer.from(signature);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw posternError("Y6014", "This address was not given out by Postern.", {
      hint: "`postern db backup download ID --url` makes one.",
    });
  if (Number(expires) * 1000 > platform.clock.now().getTime()) return;
  throw posternError("Y6014", "This address has expired.", {
    hint: "`postern db backup download ID --url` makes another.",
  });
}

const signatureOf = ({ secrets }: Signer, id: BackupId, expires: string): string =>
  secrets.sign(`download ${id} ${expires}`);
