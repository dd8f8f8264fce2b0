/** In charge of `postern admin image build`: what databases in machines of their own run. */
import type { GuestImageInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { followDaemonProgram } from "../daemon-process.ts";
import { formatBytes } from "../format.ts";
import { startProgress } from "../progress.ts";
import { renderFields } from "../table.ts";

type Event =
  | { type: "phase"; message: string }
  | { type: "progress"; done: number; total: number; unit: string }
  | { type: "made"; image: GuestImageInfo; qemu: { version: string; directory: string } };

export const run: CommandRun = async ({ output }, input) => {
  const progress = startProgress(output, { lines: true });
  let phase = "Looking at what is there";
  let made: Extract<Event, { type: "made" }> | undefined;
  progress.update(phase);
  const hear = (event: Event) => {
    if (event.type === "phase") phase = event.message;
    if (event.type === "made") made = event;
    progress.update(
      event.type === "progress" ? `${phase}  ${event.done}/${event.total} ${event.unit}` : phase,
    );
  };
  const args = ["guest-image", ...(input.flag("force") ? ["--force"] : [])];
  await followDaemonProgram(args, hear).finally(() => progress.end());
  const { image, qemu } = made!;
  output.success("The guest image is ready");
  await output.print({ ...image, qemu_version: qemu.version, qemu_directory: qemu.directory }, () =>
    renderFields([
      ["Postgres", image.postgres_version],
      ["Kernel", image.kernel],
      ["QEMU", qemu.directory === "system" ? `${qemu.version}, the system's` : qemu.version],
      ["Size", formatBytes(image.size_bytes)],
      ["Folder", image.directory],
      ["Next", "postern db create NAME --isolation microvm"],
    ]),
  );
  return undefined;
};
