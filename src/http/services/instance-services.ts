/** In charge of naming what the routes of registered instances need. */
import type {
  DeregisteredInstance,
  RegisteredInstance,
  RegisterInstanceRequest,
} from "@postern/sdk/protocol";

/** Whoever calls these has seen that an administrator asks. */
export interface InstanceService {
  list(): Promise<RegisteredInstance[]>;
  register(input: RegisterInstanceRequest): Promise<RegisteredInstance>;
  describe(ref: string): Promise<RegisteredInstance>;
  drain(ref: string, draining: boolean): Promise<RegisteredInstance>;
  check(ref: string): Promise<RegisteredInstance>;
  deregister(ref: string, options: { force: boolean }): Promise<DeregisteredInstance>;
}
