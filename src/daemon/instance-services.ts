/** In charge of giving the HTTP server registered instances. */
import type { InstanceService } from "../http/services/instance-services.ts";
import type { Platform } from "../instances/platform.ts";
import { checkHealth } from "../instances/registered/check-health.ts";
import { describeRegistered } from "../instances/registered/describe-registered.ts";
import {
  deregisterInstance,
  registerInstance,
  requireRegistered,
} from "../instances/registered/register-instance.ts";
import { listRegistered, updateRegistered } from "../state/registered-instances.ts";

/** @param ways those of the other control planes, where there are several */
export function instanceServices(
  platform: Platform,
  ways: { tell(): Promise<void> } = { tell: async () => {} },
): InstanceService {
  const { state } = platform;
  const describe = async (ref: string) => describeRegistered(await requireRegistered(platform, ref));
  return {
    list: async () => (await listRegistered(state)).map(describeRegistered),
    async register(input) {
      const row = await registerInstance(platform, input);
      await ways.tell();
      return describeRegistered(row);
    },
    describe,
    async drain(ref, draining) {
      const { id } = await requireRegistered(platform, ref);
      await updateRegistered(state, id, { draining });
      return describe(id);
    },
    async check(ref) {
      const row = await requireRegistered(platform, ref);
      await checkHealth(platform, row);
      return describe(row.id);
    },
    async deregister(ref, options) {
      const gone = await deregisterInstance(platform, await requireRegistered(platform, ref), options);
      await ways.tell();
      return gone;
    },
  };
}
