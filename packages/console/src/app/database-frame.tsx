/** In charge of the database that a page is about: asked for once for all of its pages, and what is said of it on each. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { Button, LinkButton } from "../ui/button.tsx";
import { Empty, Notice, Problem, Skeleton } from "../ui/states.tsx";
import { ask } from "./api.ts";
import { useChange } from "./change.tsx";
import { invalidate, type Resource, useResource } from "./resource.ts";
import { href } from "./router.ts";

const Context = createContext<Resource<DatabaseInfo> | undefined>(undefined);

/** The database that the page is about; only below a `DatabaseFrame`, which shows its pages once it is known. */
export function useDatabase(): DatabaseInfo {
  const { value } = useContext(Context)!.state.value;
  return value!;
}

export const useDatabaseResource = (): Resource<DatabaseInfo> => useContext(Context)!;

/** The path of the API for it. */
export const databasePath = (reference: string): string => `/databases/${encodeURIComponent(reference)}`;

export function DatabaseFrame({ reference, children }: { reference: string; children: ComponentChildren }) {
  const resource = useResource<DatabaseInfo>(databasePath(reference), { everyMs: 10_000 });
  const { value, problem } = resource.state.value;
  if (problem?.code === "Y3001") {
    return (
      <Empty isPage icon="search" title={`There is no database “${reference}”.`}>
        <p>It may have been destroyed. For a while it can be brought back.</p>
        <LinkButton href={href("/?destroyed=yes")}>Destroyed databases</LinkButton>
      </Empty>
    );
  }
  if (!value)
    return problem ? <Problem problem={problem} onRetry={() => void resource.refresh()} /> : <Skeleton />;
  return (
    <Context.Provider value={resource}>
      <StateNotice database={value} />
      {children}
    </Context.Provider>
  );
}

const working: Record<string, string> = {
  creating: "is being made",
  restoring: "is being restored: what it holds is being replaced",
  scaling: "moves to another class, and goes on answering meanwhile",
  upgrading: "gets a newer Postgres",
  destroying: "is being destroyed",
};

function StateNotice({ database }: { database: DatabaseInfo }) {
  const change = useChange();
  const { status } = database;
  if (status === "paused") {
    const wake = () =>
      change.run(async () => {
        await ask(`${databasePath(database.id)}/resume`, { method: "POST" });
        invalidate("/databases");
      });
    return (
      <Notice
        icon="moon"
        action={
          <Button small icon="play" busy={change.busy} onClick={() => void wake()}>
            Wake it
          </Button>
        }
      >
        <p>
          <strong>{database.name} sleeps</strong> and uses no memory. The next connection or query wakes it.
        </p>
        {change.problem && <Problem problem={change.problem} />}
      </Notice>
    );
  }
  if (working[status]) {
    return (
      <Notice
        icon="loader-circle"
        action={
          <LinkButton small href={href(`/db/${database.id}/operations`)}>
            See the steps
          </LinkButton>
        }
      >
        <p>
          <strong>{database.name}</strong> {working[status]}.
        </p>
      </Notice>
    );
  }
  if (status === "failed")
    return (
      <Notice tone="bad">
        <p>
          <strong>{database.name} could not be made.</strong> Its operations tell why.
        </p>
      </Notice>
    );
  return null;
}
