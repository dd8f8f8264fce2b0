/** In charge of one cell of the grid: an element that is made once, and shows whichever value lies where it is needed. */
import { iconPaths } from "../ui/icon-paths.ts";
import type { Cell } from "./copy-rows.ts";
import type { GridColumn } from "./grid.tsx";
import { cellText } from "./visible-text.ts";

export interface CellLook {
  /** Undefined: not here yet. */
  value: Cell | undefined;
  isHere: boolean;
  selected: boolean;
  /** Looks that the page gives it. */
  extra: string;
  link: string | undefined;
}

export class GridCell {
  readonly element = document.createElement("span");
  row = -1;
  column = -1;
  /** Of what was last painted: what is older is painted again. */
  stamp = -1;
  readonly #text = document.createTextNode("");
  #label: HTMLSpanElement | undefined;
  #link: HTMLAnchorElement | undefined;
  #look = "";
  #selected = false;

  constructor() {
    this.element.className = "grid-cell";
    this.element.setAttribute("role", "gridcell");
    this.element.setAttribute("aria-selected", "false");
    this.element.tabIndex = -1;
    this.element.hidden = true;
    this.element.append(this.#text);
  }

  moveTo(row: number, column: number): void {
    if (row === this.row && column === this.column) return;
    this.element.dataset.spot = `${row},${column}`;
    if (column !== this.column) this.element.setAttribute("aria-colindex", String(column + 1));
    this.row = row;
    this.column = column;
  }

  place(left: number, width: number): void {
    this.element.hidden = false;
    this.element.style.left = `${left}px`;
    this.element.style.width = `${width}px`;
  }

  show(column: GridColumn | undefined, { value, isHere, selected, extra, link }: CellLook): void {
    const isNull = isHere && (value === null || value === undefined);
    const text = isHere ? textOf(value) : "";
    const look = [
      "grid-cell",
      column?.end && "grid-end",
      link && "grid-linked",
      selected && "grid-selected",
      !isHere && "grid-coming",
      isNull && "grid-null",
      value === "" && "grid-null grid-empty",
      extra,
    ]
      .filter(Boolean)
      .join(" ");
    if (look !== this.#look) this.element.className = look;
    this.#look = look;
    if (selected !== this.#selected) this.element.setAttribute("aria-selected", String(selected));
    this.#selected = selected;
    if (this.#text.data !== text) this.#text.data = text;
    if (link !== undefined) this.#showLink(link);
    else if (this.#link) this.#dropLink();
  }

  #showLink(href: string): void {
    if (!this.#link) {
      this.#label = document.createElement("span");
      this.#label.className = "grid-text";
      this.#label.append(this.#text);
      this.#link = arrowLink();
      this.element.append(this.#label, this.#link);
    }
    if (this.#link.getAttribute("href") !== href) this.#link.href = href;
  }

  #dropLink(): void {
    this.#link?.remove();
    this.#label?.remove();
    this.#link = undefined;
    this.#label = undefined;
    this.element.append(this.#text);
  }
}

function textOf(value: Cell | undefined): string {
  if (value === null || value === undefined) return "NULL";
  return value === "" ? "empty" : cellText(value);
}

function arrowLink(): HTMLAnchorElement {
  const link = document.createElement("a");
  link.className = "grid-link";
  link.tabIndex = -1;
  link.setAttribute("aria-label", "Go to the row it names");
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  const looks = { class: "icon", width: "12", height: "12", viewBox: "0 0 24 24", fill: "none" };
  for (const [name, value] of Object.entries(looks)) icon.setAttribute(name, value);
  icon.setAttribute("stroke", "currentColor");
  icon.setAttribute("stroke-width", "1.75");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", iconPaths["arrow-right"]);
  icon.append(path);
  link.append(icon);
  return link;
}
