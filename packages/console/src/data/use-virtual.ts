/** In charge of which rows and columns are drawn: those in sight, and always the one that has the focus. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type Range,
  Virtualizer,
} from "@tanstack/virtual-core";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

const overscan = 6;

/** One direction: what is in sight, and always what has the focus. */
export function useVirtual(
  frame: { current: HTMLDivElement | null },
  count: number,
  sizeOf: (index: number) => number,
  direction: "x" | "y",
  kept: number,
  lead: number,
  sizes = "",
) {
  const [, redraw] = useState(0);
  const virtualizer = useMemo(
    () =>
      new Virtualizer<HTMLDivElement, Element>({
        count,
        horizontal: direction === "x",
        getScrollElement: () => frame.current,
        estimateSize: sizeOf,
        paddingStart: lead,
        scrollPaddingStart: lead,
        scrollPaddingEnd: direction === "y" ? 12 : 24,
        overscan,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        onChange: () => redraw((drawn) => drawn + 1),
      }),
    [],
  );
  virtualizer.setOptions({
    ...virtualizer.options,
    count,
    estimateSize: sizeOf,
    rangeExtractor: ({ startIndex, endIndex, count: all }: Range) => {
      const from = Math.max(0, startIndex - (direction === "y" ? overscan : 2));
      const to = Math.min(all - 1, endIndex + (direction === "y" ? overscan : 2));
      const indexes = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
      if (kept >= 0 && kept < all && (kept < from || kept > to))
        indexes[kept < from ? "unshift" : "push"](kept);
      return indexes;
    },
  });
  const known = useRef(sizes);
  if (known.current !== sizes) {
    known.current = sizes;
    virtualizer.measure();
  }
  // What the library's own bindings for frameworks call at these two moments; it has no other names for them.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._didMount(), []);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._willUpdate());
  return {
    items: virtualizer.getVirtualItems(),
    total: virtualizer.getTotalSize(),
    scrollTo: (index: number) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}
