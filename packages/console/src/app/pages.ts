/**
 * In charge of the list of pages: where each is, what it is called, and the keys that lead there. A page is a file in
 * `pages/` with a component as its default export, loaded when it is first shown.
 */
import type { ComponentType } from "preact";
import type { IconName } from "../ui/icon.tsx";

export interface PageProps {
  params: Record<string, string>;
}

export interface PageSpec {
  id: string;
  /** Below /console; `:name` is a parameter. */
  path: string;
  title: string;
  icon: IconName;
  /** In which part of the menu; a page of a database is below `/db/:db`. */
  group: "machine" | "database" | "hidden";
  /** Of a page that is not in the menu: the one that is marked there instead. */
  within?: string;
  /** After `g`. */
  key?: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

export const pages: readonly PageSpec[] = [
  {
    id: "databases",
    path: "/",
    title: "Databases",
    icon: "database",
    group: "machine",
    key: "d",
    load: () => import("../pages/databases.tsx"),
  },
  {
    id: "operations",
    path: "/operations",
    title: "Operations",
    icon: "list-checks",
    group: "machine",
    key: "o",
    load: () => import("../pages/all-operations.tsx"),
  },
  {
    id: "machine",
    path: "/machine",
    title: "Machine",
    icon: "server",
    group: "machine",
    key: "m",
    load: () => import("../pages/machine.tsx"),
  },
  {
    id: "audit",
    path: "/audit",
    title: "Audit",
    icon: "shield-check",
    group: "machine",
    key: "w",
    load: () => import("../pages/audit.tsx"),
  },
  {
    id: "sessions",
    path: "/account",
    title: "Your sessions",
    icon: "user",
    group: "machine",
    load: () => import("../pages/sessions.tsx"),
  },
  {
    id: "operation",
    within: "operations",
    path: "/operations/:operation",
    title: "Operation",
    icon: "list-checks",
    group: "hidden",
    load: () => import("../pages/operation.tsx"),
  },
  {
    id: "overview",
    path: "/db/:db",
    title: "Overview",
    icon: "gauge",
    group: "database",
    key: "v",
    load: () => import("../pages/overview.tsx"),
  },
  {
    id: "data",
    path: "/db/:db/data",
    title: "Data",
    icon: "table-2",
    group: "database",
    key: "t",
    load: () => import("../pages/data.tsx"),
  },
  {
    id: "sql",
    path: "/db/:db/sql",
    title: "SQL editor",
    icon: "terminal",
    group: "database",
    key: "q",
    load: () => import("../pages/sql.tsx"),
  },
  {
    id: "schema",
    path: "/db/:db/schema",
    title: "Schema",
    icon: "workflow",
    group: "database",
    key: "c",
    load: () => import("../pages/schema.tsx"),
  },
  {
    id: "queries",
    path: "/db/:db/queries",
    title: "Queries",
    icon: "timer",
    group: "database",
    key: "u",
    load: () => import("../pages/queries.tsx"),
  },
  {
    id: "query",
    within: "queries",
    path: "/db/:db/queries/:statement",
    title: "Query",
    icon: "timer",
    group: "hidden",
    load: () => import("../pages/query.tsx"),
  },
  {
    id: "request",
    within: "queries",
    path: "/db/:db/requests/:request",
    title: "Request",
    icon: "timer",
    group: "hidden",
    load: () => import("../pages/request.tsx"),
  },
  {
    id: "live",
    path: "/db/:db/live",
    title: "Live",
    icon: "activity",
    group: "database",
    key: "l",
    load: () => import("../pages/live.tsx"),
  },
  {
    id: "metrics",
    path: "/db/:db/metrics",
    title: "Metrics",
    icon: "chart-line",
    group: "database",
    key: "e",
    load: () => import("../pages/metrics.tsx"),
  },
  {
    id: "history",
    path: "/db/:db/history",
    title: "History",
    icon: "history",
    group: "database",
    key: "h",
    load: () => import("../pages/history.tsx"),
  },
  {
    id: "backups",
    path: "/db/:db/backups",
    title: "Backups",
    icon: "archive",
    group: "database",
    key: "b",
    load: () => import("../pages/backups.tsx"),
  },
  {
    id: "migrations",
    path: "/db/:db/migrations",
    title: "Migrations",
    icon: "layers",
    group: "database",
    key: "i",
    load: () => import("../pages/migrations.tsx"),
  },
  {
    id: "branches",
    path: "/db/:db/branches",
    title: "Branches",
    icon: "git-branch",
    group: "database",
    key: "r",
    load: () => import("../pages/branches.tsx"),
  },
  {
    id: "access",
    path: "/db/:db/access",
    title: "Access",
    icon: "key-round",
    group: "database",
    key: "a",
    load: () => import("../pages/access.tsx"),
  },
  {
    id: "database-operations",
    path: "/db/:db/operations",
    title: "Operations",
    icon: "list-checks",
    group: "database",
    load: () => import("../pages/database-operations.tsx"),
  },
  {
    id: "settings",
    path: "/db/:db/settings",
    title: "Settings",
    icon: "settings",
    group: "database",
    key: "s",
    load: () => import("../pages/settings.tsx"),
  },
];

/** The path of a page of a database. */
export const pathIn = (page: Pick<PageSpec, "path">, database: string): string =>
  page.path.replace(":db", encodeURIComponent(database));
