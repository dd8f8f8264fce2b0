/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function MachinePage() {
  return <PageHead title="Machine" />;
}
