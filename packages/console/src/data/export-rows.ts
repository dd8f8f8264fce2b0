/** In charge of saving a whole selection as a file, as it comes. */
import type { RowExportRequest } from "@postern/sdk/protocol";
import { send } from "../app/api.ts";

/** @param onBytes told how much has come. @throws ApiError */
export async function exportRows(
  path: string,
  body: RowExportRequest,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await send(`/console/v1${path}/rows/export`, { method: "POST", body, signal });
  let seen = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      seen += piece.length;
      onBytes(seen);
      controller.enqueue(piece);
    },
  });
  // The browser keeps what is large on the disk.
  const blob = await new Response(response.body?.pipeThrough(counting)).blob();
  const name = body.table.schema === "public" ? body.table.name : `${body.table.schema}.${body.table.name}`;
  saveFile(`${name}.${body.format}`, blob);
}

export function saveFile(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
