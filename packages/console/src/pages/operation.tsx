/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function OperationPage() {
  return <PageHead title="Operation" />;
}
