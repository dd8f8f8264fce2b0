/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function DatabaseOperationsPage() {
  return <PageHead title="DatabaseOperations" />;
}
