/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function BackupsPage() {
  return <PageHead title="Backups" />;
}
