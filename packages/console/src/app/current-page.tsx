/** In charge of showing the page that the address names, once its code is here. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LinkButton } from "../ui/button.tsx";
import { Empty, Problem, Skeleton } from "../ui/states.tsx";
import { problemOf } from "./api.ts";
import { DatabaseFrame, databasePath } from "./database-frame.tsx";
import { type PageProps, type PageSpec, pages } from "./pages.ts";
import { useResource } from "./resource.ts";
import { href, matchPath, place } from "./router.ts";

export interface Current {
  page: PageSpec;
  params: Record<string, string>;
}

export const current = computed<Current | undefined>(() => {
  for (const page of pages) {
    const params = matchPath(page.path, place.value.path);
    if (params) return { page, params };
  }
  return undefined;
});

const loaded = new Map<string, ComponentType<PageProps>>();

export function CurrentPage() {
  const shown = current.value;
  const path = place.value.path;
  const reference = shown?.params.db;
  const database = useResource<DatabaseInfo>(reference === undefined ? null : databasePath(reference));
  const name = database.state.value.value?.name ?? reference;
  useEffect(() => {
    document.title = [shown?.page.title ?? "Not found", name, "Postern"].filter(Boolean).join(" · ");
  }, [path, name]);
  if (!shown) {
    return (
      <Empty isPage icon="search" title="There is no such page.">
        <LinkButton href={href("/")}>All databases</LinkButton>
      </Empty>
    );
  }
  const content = <LoadedPage key={shown.page.id} {...shown} />;
  const { db } = shown.params;
  return db === undefined ? (
    content
  ) : (
    <DatabaseFrame key={db} reference={db}>
      {content}
    </DatabaseFrame>
  );
}

function LoadedPage({ page, params }: Current) {
  const [Page, setPage] = useState<ComponentType<PageProps> | undefined>(() => loaded.get(page.id));
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (Page) return;
    let left = false;
    page.load().then(
      (module) => {
        loaded.set(page.id, module.default);
        if (!left) setPage(() => module.default);
      },
      (thrown) => !left && setError(thrown),
    );
    return () => {
      left = true;
    };
  }, [page.id, tries]);
  if (Page) return <Page params={params} />;
  if (error === undefined) return <Skeleton />;
  const problem = {
    ...problemOf(error),
    message: "This part of the console could not be loaded.",
    hint: "Postern may have been upgraded: load the page again.",
  };
  return (
    <Problem
      problem={problem}
      onRetry={() => {
        setError(undefined);
        setTries(tries + 1);
      }}
    />
  );
}
