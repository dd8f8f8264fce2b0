/** In charge of how to reach a database: its addresses, whose secrets are asked for only when they are to be seen. */
import type { DatabaseUrls } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { Addresses } from "../ui/addresses.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Shown } from "../ui/states.tsx";

export function ConnectCard() {
  const { id, http_url: httpUrl } = useDatabase();
  const [revealed, setRevealed] = useState(false);
  return (
    <Card
      title="Connect"
      about="Pooled for applications, direct for migrations and LISTEN, HTTP for functions and browsers."
      actions={
        <Button small icon="eye" aria-pressed={revealed} onClick={() => setRevealed(!revealed)}>
          {revealed ? "Hide the secrets" : "Show with secrets"}
        </Button>
      }
    >
      {revealed ? (
        <Revealed path={`${databasePath(id)}/urls`} />
      ) : (
        <Addresses
          of={[
            ["HTTP", httpUrl],
            ["Command line", `postern db connect ${id}`],
          ]}
        />
      )}
    </Card>
  );
}

function Revealed({ path }: { path: string }) {
  const urls = useResource<DatabaseUrls>(path);
  return (
    <Shown of={urls} lines={3}>
      {({ pooled, direct, http }) => (
        <Addresses
          of={[
            ["Pooled", pooled],
            ["Direct", direct],
            ["HTTP", http],
          ]}
        />
      )}
    </Shown>
  );
}
