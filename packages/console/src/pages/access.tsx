/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function AccessPage() {
  return <PageHead title="Access" />;
}
