/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function MigrationsPage() {
  return <PageHead title="Migrations" />;
}
