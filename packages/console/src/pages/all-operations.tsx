/** In charge of the page of all long work on this machine, as far as the account may see it. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { useResource } from "../app/resource.ts";
import { Card, PageHead } from "../ui/card.tsx";
import { Shown } from "../ui/states.tsx";
import { OperationList } from "./operation-list.tsx";

export default function AllOperationsPage() {
  const operations = useResource<OperationInfo[]>("/operations?limit=100", { everyMs: 5_000 });
  return (
    <div class="page">
      <PageHead
        title="Operations"
        about="Long work on all databases, newest first. It goes on whatever becomes of this page."
      />
      <Card flush>
        <Shown of={operations} lines={8}>
          {(list) => <OperationList operations={list} />}
        </Shown>
      </Card>
    </div>
  );
}
