/** In charge of what Postgres in a guest is set to: the same as elsewhere, with the rules of the two networks. */
import type { ServerSpec } from "../runtime.ts";
import { renderServerSettings } from "../server-settings.ts";
import type { GuestAgent } from "./guest-agent.ts";
import { guestFolder, guestNetworks } from "./guest-init.ts";
import type { KeyAndCertificate } from "./make-certificate.ts";

/** Name in the certificate that Postern comes with. */
export const bridgeName = "postern";

export interface GuestKeys {
  /** Postgres's own. */
  server: KeyAndCertificate;
  /** What Postern shows. */
  bridge: KeyAndCertificate;
}

/**
 * From Postern's own network whoever shows Postern's certificate may be any role; it is the daemon, the pooler and the
 * programs that they start. From the users' network a role reaches its database with its password. Nobody else comes.
 */
export const guestRules = (isEncrypted: boolean, closed = false): string => `# Written by Postern.
hostssl all      all                                            ${guestNetworks.own.host}/32 cert map=postern
host    all      postern_admin,postern_backup,postern_pooler    all reject
${closed ? "" : usersRule(isEncrypted)}`;

const usersRule = (isEncrypted: boolean): string =>
  `${isEncrypted ? "hostssl" : "host   "} samerole all                                            ${guestNetworks.users.host}/32 scram-sha-256\n`;

const guestIdentities = `# Written by Postern.\npostern "${bridgeName}" all\n`;

export interface GuestSettingsOptions {
  countsStatements: boolean;
}

/**
 * It always waits for its disk: a copy of that disk, or one whose machine was killed, has nothing else. Where all may be
 * lost, the disk itself does not wait for this machine's.
 */
export function renderGuestSettings(spec: ServerSpec, options: GuestSettingsOptions): string {
  const counting: Record<string, string> =
    options.countsStatements && spec.countsStatements !== undefined
      ? {
          shared_preload_libraries: "pg_stat_statements",
          "pg_stat_statements.max": String(spec.countsStatements),
          "pg_stat_statements.track_utility": "off",
        }
      : {};
  const settings = {
    ...spec.settings,
    ...counting,
    // Nothing of this machine can be reached from there, so no archive either.
    archive_mode: "off",
    max_wal_size: "256MB",
    ssl_ca_file: `${guestFolder}/bridge.pem`,
  };
  const { settingsFile: _, ...rest } = spec;
  return renderServerSettings(
    { ...rest, settings, tcpPort: 5432, socketDirectory: "" },
    { listen: "0.0.0.0", tlsFile: `${guestFolder}/server.pem`, insecure: true },
  );
}

/** Everything that the guest's Postgres reads at its start. */
export async function sendSettings(
  agent: GuestAgent,
  { settings, rules, keys }: { settings: string; rules: string; keys: GuestKeys },
): Promise<void> {
  const files: [name: string, mode: string, text: string][] = [
    ["server.pem", "0600", keys.server.certificate + keys.server.key],
    ["bridge.pem", "0644", keys.bridge.certificate],
    ["data/postern.conf", "0600", settings],
    ["data/pg_hba.conf", "0600", rules],
    ["data/pg_ident.conf", "0600", guestIdentities],
  ];
  for (const [name, mode, text] of files)
    await agent.order("file", name, mode, Buffer.from(text).toString("base64"));
}

/** Enough for the kernel, the buffers and sessions; what Postgres does not use, the machine does not take. */
export function guestMemory({ settings }: Pick<ServerSpec, "settings">): number {
  const buffers = Number(/^(\d+)MB$/.exec(settings.shared_buffers ?? "32MB")?.[1] ?? 32);
  return buffers > 64 ? 768 : 320;
}
