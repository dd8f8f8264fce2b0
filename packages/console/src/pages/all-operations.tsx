/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function AllOperationsPage() {
  return <PageHead title="AllOperations" />;
}
