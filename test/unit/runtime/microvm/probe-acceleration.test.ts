/** Whether KVM counts: only a kernel that came up says so. */
import { describe, expect, it } from "vitest";
import { probeMarker } from "../../../../src/runtime/microvm/guest-init.ts";
import { judgeProbe } from "../../../../src/runtime/microvm/probe-acceleration.ts";

const end = { exitCode: 0, signal: null, output: "", isTimedOut: false };

describe("the probe's verdict", () => {
  it("is KVM when the kernel's first program spoke and the machine ended well", () => {
    expect(judgeProbe({ ...end, output: `[ 0.1] up\n${probeMarker}\n` }).acceleration).toBe("kvm");
  });

  it("is emulation when the machine ended well and nobody spoke", () => {
    expect(judgeProbe(end).acceleration).toBe("tcg");
  });

  it("is emulation when it aborted, and says with what", () => {
    const verdict = judgeProbe({
      ...end,
      exitCode: null,
      signal: "SIGABRT",
      output: "failed to set MSR 0x10a\n",
    });
    expect(verdict).toEqual({
      acceleration: "tcg",
      reason: "KVM is there, and no kernel boots in it: failed to set MSR 0x10a",
    });
  });

  it("is emulation when it hung, whatever it had said before", () => {
    const verdict = judgeProbe({ exitCode: null, signal: "SIGKILL", output: probeMarker, isTimedOut: true });
    expect(verdict.acceleration).toBe("tcg");
    expect(verdict.reason).toContain("hangs");
  });
});
