/** Addresses that are good for a time, whatever the clock does. */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { checkDownload, signDownload } from "../../../src/backups/sign-download.ts";
import { newBackupId } from "../../../src/base/id.ts";
import { Secrets } from "../../../src/base/secrets.ts";

const dayMs = 86_400_000;
const id = newBackupId();
let now = Date.UTC(2026, 10, 21, 12);
const platform = { secrets: new Secrets(randomBytes(32)), clock: { now: () => new Date(now) } };

function sign(expiresIn?: string): { expires: string; signature: string } {
  const { searchParams } = new URL(signDownload(platform, "https://postern.example", id, expiresIn).url);
  return { expires: searchParams.get("expires")!, signature: searchParams.get("signature")! };
}

it("is good until its time, over after it, and good again only where the clock was set ahead and back", () => {
  const { expires, signature } = sign("1h");
  const check = () => checkDownload(platform, id, expires, signature);
  expect(check).not.toThrow();
  now += dayMs;
  expect(check).toThrow(expect.objectContaining({ code: "Y6014" }));
  now -= dayMs;
  expect(check).not.toThrow();
});

it("given out by a clock that was a day ahead is good until that time and no later", () => {
  now += dayMs;
  const { expires, signature } = sign("1h");
  now -= dayMs;
  expect(() => checkDownload(platform, id, expires, signature)).not.toThrow();
  now += dayMs + 3_600_000;
  expect(() => checkDownload(platform, id, expires, signature)).toThrow(
    expect.objectContaining({ code: "Y6014" }),
  );
});

it("cannot be made to last longer", () => {
  const { expires, signature } = sign("1h");
  const later = String(Number(expires) + 60);
  expect(() => checkDownload(platform, id, later, signature)).toThrow(
    expect.objectContaining({ code: "Y6014" }),
  );
});
