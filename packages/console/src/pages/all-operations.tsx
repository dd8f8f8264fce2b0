/** In charge of the page of all long work on this machine, as far as the account may see it. */
import { PageHead } from "../ui/card.tsx";
import { OperationPages } from "./operation-list.tsx";

export default function AllOperationsPage() {
  return (
    <div class="page">
      <PageHead
        title="Operations"
        about="Long work on all databases, newest first. It goes on whatever becomes of this page."
      />
      <OperationPages />
    </div>
  );
}
