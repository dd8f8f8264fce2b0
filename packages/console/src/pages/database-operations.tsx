/** In charge of the page of long work on one database. */
import { useDatabase } from "../app/database-frame.tsx";
import { PageHead } from "../ui/card.tsx";
import { OperationPages } from "./operation-list.tsx";

export default function DatabaseOperationsPage() {
  const { id, name } = useDatabase();
  return (
    <div class="page">
      <PageHead title="Operations" about={`Long work on ${name}, newest first, with its steps.`} />
      <OperationPages database={id} />
    </div>
  );
}
