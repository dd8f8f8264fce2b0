/** In charge of the page of long work on one database. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { Card, PageHead } from "../ui/card.tsx";
import { Shown } from "../ui/states.tsx";
import { OperationList } from "./operation-list.tsx";

export default function DatabaseOperationsPage() {
  const { id, name } = useDatabase();
  const operations = useResource<OperationInfo[]>(`/operations?database=${id}&limit=100`, { everyMs: 5_000 });
  return (
    <div class="page">
      <PageHead title="Operations" about={`Long work on ${name}, newest first, with its steps.`} />
      <Card flush>
        <Shown of={operations} lines={6}>
          {(list) => <OperationList operations={list} />}
        </Shown>
      </Card>
    </div>
  );
}
