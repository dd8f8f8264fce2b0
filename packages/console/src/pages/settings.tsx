/** In charge of. */
import { PageHead } from "../ui/card.tsx";

export default function SettingsPage() {
  return <PageHead title="Settings" />;
}
