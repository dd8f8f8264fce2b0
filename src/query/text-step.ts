/** In charge of the first value of the first row that a query of Postern's own answers. */
import type { Step } from "./batch-exchange.ts";

export class TextStep implements Step {
  text: string | undefined;

  onDataRow(buffer: Buffer, start: number): void {
    if (this.text !== undefined) return;
    const length = buffer.readInt32BE(start + 2);
    if (length >= 0) this.text = buffer.toString("utf8", start + 6, start + 6 + length);
  }

  onComplete(): void {}
}
