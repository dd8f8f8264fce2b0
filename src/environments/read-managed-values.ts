/** In charge of what `${managed.<service>.<field>}` stands for. */
import type { ManagedValues } from "@postern/sdk/protocol";
import { newTokenId } from "../base/id.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import { hashSecret, newToken } from "../base/secrets.ts";
import { describeUrls } from "../databases/describe-urls.ts";
import { requireReady } from "../databases/require-ready.ts";
import type { Platform } from "../instances/platform.ts";
import { type BoundService, listBoundServices, saveServiceToken } from "../state/environment-services.ts";
import { insertScopedToken, listTokens } from "../state/tokens.ts";

/**
 * A database's tokens are kept as hashes only; an environment has one of its own that is kept sealed, so that every release finds
 * the same. It is made when it is first asked for, and again after a rotation has ended it. @throws Y3004
 */
export async function readManagedValues(
  platform: Platform,
  lock: KeyedLock,
  service: BoundService,
): Promise<{ values: ManagedValues; isNewToken: boolean }> {
  const row = requireReady(service.database);
  const urls = await describeUrls(platform, row);
  const { token, isNewToken } = await lock.run(lockOf(service), () => keptToken(platform, service));
  return { values: { ...urls, id: row.id, token }, isNewToken };
}

/** One at a time for an environment: what changes it, and what makes its tokens. */
const lockOf = ({ project_id, environment }: { project_id: string; environment: string }): string =>
  `${project_id}/${environment}`;

const sealedFor = ({ project_id, environment, service }: BoundService): string =>
  `${project_id}/${environment}/${service}`;

async function keptToken(
  platform: Platform,
  given: BoundService,
): Promise<{ token: string; isNewToken: boolean }> {
  // Whoever waited for the lock finds what was made meanwhile.
  const bound = await listBoundServices(platform.state, given);
  const service = bound.find((one) => one.service === given.service) ?? given;
  const tokens = await listTokens(platform.state, service.database_id);
  const known = tokens.find(({ id }) => id === service.token_id);
  if (known && known.expires_at === null && service.token_sealed)
    return {
      token: platform.secrets.open(service.token_sealed, sealedFor(service)),
      isNewToken: false,
    };
  return { token: await makeToken(platform, service), isNewToken: true };
}

async function makeToken(platform: Platform, service: BoundService): Promise<string> {
  const token = newToken();
  const id = newTokenId();
  await platform.state.transaction(async (tx) => {
    await insertScopedToken(tx, {
      id,
      databaseId: service.database_id,
      hash: hashSecret(token),
      label: `environment ${service.environment}`,
      scope: "full",
      tenant: null,
      expires_at: null,
    });
    await saveServiceToken(tx, service, { id, sealed: platform.secrets.seal(token, sealedFor(service)) });
  });
  return token;
}
