/** In charge of the page of what the database is asked: what takes long, what is asked again and again, and which index would help. */
import type { DatabaseAdvice, NPlusOneInfo, RequestTrace } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { searchParams, setSearch } from "../app/router.ts";
import { AdviceCard } from "../insight/advice-card.tsx";
import { NPlusOneCard, RequestsCard } from "../insight/request-cards.tsx";
import { StatementsCard } from "../insight/statements-card.tsx";
import { PageHead } from "../ui/card.tsx";
import { Segments } from "../ui/segments.tsx";

const views = ["statements", "advice", "repeated", "requests"] as const;
type View = (typeof views)[number];

export default function QueriesPage() {
  const { id } = useDatabase();
  const path = databasePath(id);
  const asked = searchParams.value.get("view");
  const view: View = views.find((one) => one === asked) ?? "statements";
  const repeated = useResource<NPlusOneInfo[]>(`${path}/n-plus-one`, { everyMs: 20_000 });
  const advice = useResource<DatabaseAdvice>(`${path}/advice`);
  const requests = useResource<RequestTrace[]>(view === "requests" ? `${path}/traces?limit=200` : null, {
    everyMs: 10_000,
  });
  const withCount = (text: string, count: number | undefined) => (count ? `${text} (${count})` : text);
  const texts: Record<View, string> = {
    statements: "Statements",
    advice: withCount("Indexes", advice.state.value.value?.indexes.length),
    repeated: withCount("N+1", repeated.state.value.value?.length),
    requests: "Requests",
  };
  return (
    <div class="page">
      <PageHead
        title="Queries"
        about="What the database is asked, and what that takes. Statements are told apart whatever their values are; values are not kept."
      />
      <div class="page-tools">
        <Segments
          label="What to look at"
          value={view}
          options={views.map((one) => [one, texts[one]] as const)}
          onChange={(next) => setSearch({ view: next === "statements" ? null : next }, { replace: false })}
        />
      </div>
      {view === "statements" && <StatementsCard />}
      {view === "advice" && <AdviceCard advice={advice} />}
      {view === "repeated" && <NPlusOneCard repeated={repeated} />}
      {view === "requests" && <RequestsCard requests={requests} />}
    </div>
  );
}
