/** In charge of the parts of a page: its head, and sections with a title, actions and content. */
import type { ComponentChildren } from "preact";

export interface PageHeadProps {
  title: ComponentChildren;
  /** A sentence on what the page is for. */
  about?: ComponentChildren;
  actions?: ComponentChildren;
}

export function PageHead({ title, about, actions }: PageHeadProps) {
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1} id="page-title">
          {title}
        </h1>
        {about && <p class="page-about">{about}</p>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}

export interface CardProps {
  title?: ComponentChildren;
  about?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  /** Content up to the edges: tables. */
  flush?: boolean;
  tone?: "danger";
  id?: string;
}

export function Card({ title, about, actions, children, flush, tone, id }: CardProps) {
  return (
    <section class={`card ${tone ? `card-${tone}` : ""}`} id={id}>
      {title && (
        <div class="card-head">
          <div>
            <h2>{title}</h2>
            {about && <p class="muted">{about}</p>}
          </div>
          {actions && <div class="card-actions">{actions}</div>}
        </div>
      )}
      <div class={flush ? "card-flush" : "card-body"}>{children}</div>
    </section>
  );
}

/** A name and its value, one below the other; several make a grid. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
