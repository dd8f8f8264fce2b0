/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function SessionsPage() {
  return <PageHead title="Sessions" />;
}
