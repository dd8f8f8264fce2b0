/**
 * In charge of the blocks of memory that large answers are written into. They are used again: fresh ones make the engine
 * collect garbage, all of the heap, every few hundred answers.
 */

export const blockBytes = 128 * 1024;
/** 4 MiB in each process. */
const mostSpares = 32;
const spares: Buffer[] = [];

/** What is in it is left over from another answer. */
export const takeBlock = (): Buffer => spares.pop() ?? Buffer.allocUnsafeSlow(blockBytes);

/** Once nobody writes to them, and nobody sends what is in them, any more. */
export function giveBack(blocks: readonly Buffer[]): void {
  for (const block of blocks) {
    if (spares.length === mostSpares) return;
    spares.push(block);
  }
}
