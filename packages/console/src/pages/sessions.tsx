/** In charge of the page of the account's sessions: where it is signed in, and ending that. */
import type { ConsoleSessionInfo } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { askSession, problemOf, session } from "../app/api.ts";
import { signOut } from "../app/session.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { Problem, Skeleton } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/text.tsx";

const ways = { key: "API key", password: "password", link: "postern open" } as const;

/** A browser's own words are long: the names that people know. */
function browserName(text: string): string {
  const name = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(text)?.[1] ?? "A browser";
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(text)?.[1];
  return system
    ? `${name.replace("Edg", "Edge").replace("OPR", "Opera")} on ${system.replace(" OS X", "")}`
    : name;
}

export default function SessionsPage() {
  const [sessions, setSessions] = useState<ConsoleSessionInfo[]>();
  const [error, setError] = useState<unknown>();
  const load = () => askSession<ConsoleSessionInfo[]>("/sessions").then(setSessions, setError);
  useEffect(() => void load(), []);
  const end = async (id: string) => {
    if (id === session.peek()?.id) return signOut();
    await askSession(`/sessions/${id}`, { method: "DELETE" }).catch(setError);
    return load();
  };
  const columns: readonly Column<ConsoleSessionInfo>[] = [
    {
      name: "Browser",
      grow: true,
      render: ({ id, browser, address }) => (
        <div class="name-cell">
          <span class="strong" title={browser}>
            {browserName(browser)}
          </span>
          <span class="muted small mono">{address}</span>
          {id === session.value?.id && <Badge tone="good">this one</Badge>}
        </div>
      ),
    },
    {
      name: "Signed in by",
      from: "tablet",
      render: (row) => <span class="nowrap">{ways[row.signed_in_by]}</span>,
    },
    { name: "Signed in", from: "desktop", render: (row) => <Time at={row.created_at} /> },
    { name: "Last seen", render: (row) => <Time at={row.last_seen_at} /> },
    { name: "Ends", from: "tablet", render: (row) => <Time at={row.expires_at} /> },
    {
      name: "Actions",
      hideName: true,
      align: "end",
      render: ({ id }) => (
        <Button small onClick={() => void end(id)}>
          {id === session.value?.id ? "Sign out" : "End"}
        </Button>
      ),
    },
  ];
  return (
    <div class="page">
      <PageHead
        title="Your sessions"
        about="Each ends after 12 hours, after 2 hours without use, with the API key that it came from, or here."
      />
      {error !== undefined && (
        <Problem
          problem={problemOf(error)}
          onRetry={() => {
            setError(undefined);
            void load();
          }}
        />
      )}
      <Card flush>
        {sessions ? (
          <Table label="Sessions" columns={columns} rows={sessions} keyOf={({ id }) => id} />
        ) : (
          <Skeleton lines={3} />
        )}
      </Card>
    </div>
  );
}
