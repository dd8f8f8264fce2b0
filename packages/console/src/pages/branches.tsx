/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function BranchesPage() {
  return <PageHead title="Branches" />;
}
