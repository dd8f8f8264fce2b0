/** Servers in machines of their own hold to what every runtime must: `POSTERN_TEST_GUESTS=1`. */
import { describe } from "vitest";
import { describeRuntime } from "../../conformance/server-runtime.ts";
import { composeRuntime } from "../../support/composed-runtime.ts";
import { hasGuests } from "../../support/has-guests.ts";

describe.skipIf(!(await hasGuests()))("servers in machines of their own", () => {
  describeRuntime("a server in a machine of its own", {
    open: () => composeRuntime({ inGuest: true }),
    patienceMs: 300_000,
    keepsMemory: true,
  });
});
