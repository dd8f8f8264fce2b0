/** In charge of `postern admin image list`: the guest images of this machine, checked. */
import type { GuestImageInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { followDaemonProgram } from "../daemon-process.ts";
import { formatBytes } from "../format.ts";
import { renderGrid } from "../table.ts";

export const run: CommandRun = async ({ output }) => {
  let images: GuestImageInfo[] = [];
  await followDaemonProgram<{ images: GuestImageInfo[] }>(["guest-image", "--look"], (event) => {
    ({ images } = event);
  });
  await output.print(images, () => {
    if (images.length === 0) return "There is no guest image yet: postern admin image build";
    const rows = images.map((image) => [
      image.postgres_version,
      image.kernel,
      image.made_at.slice(0, 16).replace("T", " "),
      formatBytes(image.size_bytes),
      image.state,
      image.directory,
    ]);
    return renderGrid({ columns: ["Postgres", "Kernel", "Made", "Size", "State", "Folder"], rows });
  });
  return undefined;
};
