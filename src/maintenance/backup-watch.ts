/** In charge of telling the webhook when a database's backups get into trouble, and when they are out of it again. */
import { type BackupSurvey, surveyBackups } from "../backups/survey-backups.ts";
import { messageOf } from "../base/error.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { RepeatedLook } from "./repeated-look.ts";
import { sendWebhook, type WebhookEvent, type WebhookOptions } from "./send-webhook.ts";

const everyMs = 60_000;

export class BackupWatch implements Service {
  readonly name = "backup watch";
  readonly #platform: Platform;
  readonly #pausesMs: Pick<WebhookOptions, "pausesMs">;
  /** What was told, by trouble and database. */
  #told = new Set<string>();
  readonly #looks = new RepeatedLook({
    everyMs,
    look: () => this.runOnce(),
    complain: (error) => this.#complain(error),
  });

  constructor(platform: Platform, options: Pick<WebhookOptions, "pausesMs"> = {}) {
    this.#platform = platform;
    this.#pausesMs = options;
  }

  async start(): Promise<void> {
    if (this.#platform.config.webhook === null) return;
    this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** One message for each change; one that nobody takes is sent again the next time. */
  async runOnce(): Promise<void> {
    const { config, stopping, clock } = this.#platform;
    const troubles = troublesOf(await surveyBackups(this.#platform));
    const send = (event: WebhookEvent) =>
      sendWebhook(config.webhook!, event, { signal: stopping, ...this.#pausesMs });
    const at = clock.now().toISOString();
    for (const [key, event] of troubles) {
      if (this.#told.has(key)) continue;
      await send({ ...event, at });
      this.#told.add(key);
    }
    for (const key of [...this.#told].filter((known) => !troubles.has(known))) {
      const [event, database_id] = key.split(" ");
      await send({ event: `${event}.over`, at, database_id });
      this.#told.delete(key);
    }
  }

  #complain(error: unknown): void {
    this.#platform.observe({
      type: "maintenance",
      task: "webhook",
      event: "failed",
      detail: describe(error),
    });
  }
}

const describe = (error: unknown): string => {
  const { detail } = error as { detail?: string };
  return detail === undefined ? messageOf(error) : `${messageOf(error)} ${detail}`;
};

function troublesOf(survey: BackupSurvey): Map<string, Omit<WebhookEvent, "at"> & { event: string }> {
  const all = [
    ...survey.overdue.map(({ id, name, since }) => ({
      event: "backup.overdue",
      database_id: id,
      database_name: name,
      since: since.toISOString(),
    })),
    ...survey.failing.map(({ id, name, failures }) => ({
      event: "backup.failed",
      database_id: id,
      database_name: name,
      failures,
    })),
    ...survey.unverified.map(({ id, name }) => ({
      event: "backup.unverified",
      database_id: id,
      database_name: name,
    })),
  ];
  return new Map(all.map((event) => [`${event.event} ${event.database_id}`, event]));
}
