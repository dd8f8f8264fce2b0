/** In charge of where columns lie: their beginnings, and which of them a stretch of pixels crosses. */

export class ColumnPlaces {
  readonly count: number;
  readonly total: number;
  readonly #starts: Float64Array;

  constructor(widths: readonly number[]) {
    this.count = widths.length;
    this.#starts = new Float64Array(widths.length + 1);
    for (const [at, width] of widths.entries()) this.#starts[at + 1] = this.#starts[at]! + width;
    this.total = this.#starts[widths.length]!;
  }

  start(column: number): number {
    return this.#starts[column]!;
  }

  width(column: number): number {
    return this.#starts[column + 1]! - this.#starts[column]!;
  }

  /** The column that holds this pixel; the first or last where none does. */
  at(pixel: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= pixel) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** How many columns can at most be in sight at once. */
  mostWithin(pixels: number): number {
    let most = 0;
    for (let from = 0, to = 0; from < this.count; from += 1) {
      while (to < this.count && this.#starts[to]! < this.#starts[from + 1]! + pixels) to += 1;
      most = Math.max(most, to - from);
    }
    return most;
  }
}
