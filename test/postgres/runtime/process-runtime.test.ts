/** Servers that are processes of this machine hold to what every runtime must. */
import { describeRuntime } from "../../conformance/server-runtime.ts";
import { composeRuntime } from "../../support/composed-runtime.ts";

describeRuntime("a server that is a process", {
  open: () => composeRuntime({ inGuest: false }),
  patienceMs: 60_000,
  keepsMemory: false,
});
