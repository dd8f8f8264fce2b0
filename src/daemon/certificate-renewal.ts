/**
 * In charge of the certificate while the daemon runs: when its files change, everyone who serves it gets the new one
 * without a restart. One that cannot be used is told of, and the old one stays.
 */
import { stat } from "node:fs/promises";
import { systemClock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import { asPosternError } from "../base/error.ts";
import type { TlsFiles } from "../base/listen.ts";
import type { Observe } from "../base/observation.ts";
import { type Certificate, readCertificate } from "../base/read-certificate.ts";
import type { Service } from "../base/service.ts";
import type { CertificateHolder } from "../instances/platform.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import { writeTlsFile } from "../runtime/tls-file.ts";

export interface StampedCertificate extends CertificateHolder {
  /** Of the files as they were read. */
  stamp: string;
}

export interface OpenCertificate extends StampedCertificate {
  /** The servers' copy. */
  file: string;
}

/** Null without TLS. @throws Y0010 */
export async function openCertificate(
  { tls, home }: Pick<Config, "tls" | "home">,
  account: ServerAccount,
): Promise<OpenCertificate | null> {
  if (tls === null) return null;
  const opened = await openStamped(tls);
  return { ...opened, file: await writeTlsFile(home, account, opened.current) };
}

/** @throws Y0010 */
export async function openStamped(files: TlsFiles): Promise<StampedCertificate> {
  const stamp = await stampOf(files);
  return { stamp, current: await readCertificate(files, systemClock.now()) };
}

export interface RenewalOptions {
  files: TlsFiles;
  observe: Observe;
  /** Keeps a copy for those who read files. */
  save?(certificate: Certificate): Promise<unknown>;
  /** Gives the new one to those who serve it; the servers' copy is written already. */
  distribute(certificate: Certificate): Promise<void>;
  lookEveryMs?: number;
}

export class CertificateRenewal implements Service {
  readonly name = "certificate renewal";
  readonly #open: StampedCertificate;
  readonly #options: RenewalOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #told = "";

  constructor(open: StampedCertificate, options: RenewalOptions) {
    this.#open = open;
    this.#options = options;
  }

  async start(): Promise<void> {
    const look = () => {
      this.#looking ??= this.runOnce().finally(() => {
        this.#looking = undefined;
      });
    };
    this.#timer ??= setInterval(look, this.#options.lookEveryMs ?? 2_000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  /** Files are replaced one after the other: a pair that does not match yet is looked at again. */
  async runOnce(): Promise<void> {
    const { files, observe, save, distribute } = this.#options;
    try {
      const stamp = await stampOf(files);
      if (stamp === this.#open.stamp) return;
      const certificate = await readCertificate(files, systemClock.now());
      await save?.(certificate);
      await distribute(certificate);
      Object.assign(this.#open, { current: certificate, stamp });
      this.#told = "";
      const detail = `renewed, valid until ${certificate.expiresAt.toISOString()}`;
      observe({ type: "service", service: "certificate", event: "ready", detail });
    } catch (thrown) {
      const { message, detail } = asPosternError(thrown);
      const text = detail === undefined ? message : `${message} ${detail}`;
      if (text !== this.#told)
        observe({ type: "service", service: "certificate", event: "failed", detail: text });
      this.#told = text;
    }
  }
}

/** Follows links: what renews certificates often swaps those. A file that is gone has none. */
async function stampOf(files: { certificateFile: string; keyFile: string }): Promise<string> {
  const stamps = [files.certificateFile, files.keyFile].map(async (file) => {
    const { dev, ino, size, mtimeMs } = await stat(file).catch(() => ({
      dev: 0,
      ino: 0,
      size: 0,
      mtimeMs: 0,
    }));
    return [dev, ino, size, mtimeMs].join(":");
  });
  return (await Promise.all(stamps)).join(" ");
}
