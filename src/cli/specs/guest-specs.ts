/** In charge of declaring the commands of what databases in machines of their own run on. */
import type { CommandSpec } from "../command-spec.ts";

export const guestSpecs: readonly CommandSpec[] = [
  {
    path: "admin image build",
    summary: "make what databases with --isolation microvm run, from the distribution's packages",
    options: [{ flags: "--force", summary: "make a new one though there is one" }],
    examples: ["postern admin image build", "postern admin image build --force"],
    load: () => import("../commands/admin-image-build.ts"),
  },
  {
    path: "admin image list",
    summary: "list the guest images of this machine, newest first, and check them",
    examples: ["postern admin image list", "postern admin image list --json"],
    load: () => import("../commands/admin-image-list.ts"),
  },
];
