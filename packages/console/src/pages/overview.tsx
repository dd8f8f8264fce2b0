/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function OverviewPage() {
  return <PageHead title="Overview" />;
}
