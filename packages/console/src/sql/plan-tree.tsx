/** In charge of a plan as a tree: where the time went, and where the estimates were wrong. */
import { count, duration } from "../app/format.ts";
import { Notice } from "../ui/states.tsx";
import { nameOf, type PlanReport } from "./explain-plan.ts";

export function PlanTree({ report }: { report: PlanReport }) {
  const { steps, isAnalyzed, totalMs, planningMs, findings } = report;
  return (
    <div class="plan">
      <p class="muted small">
        {isAnalyzed
          ? `Ran in ${duration(totalMs ?? 0)}, planned in ${duration(planningMs ?? 0)}.`
          : "Not run: what the planner expects. Numbers are costs."}
      </p>
      {findings.length > 0 && (
        <Notice>
          <ul class="plan-findings">
            {findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </Notice>
      )}
      <div class="table-frame">
        <table class="table plan-table" aria-label="Steps of the plan">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col" class="align-end">
                {isAnalyzed ? "Time by itself" : "Cost by itself"}
              </th>
              <th scope="col" class="align-end">
                Rows
              </th>
              <th scope="col" class="align-end">
                Expected
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step, at) => (
              <tr key={at}>
                <td>
                  <div style={{ paddingLeft: `${step.depth * 1.1}rem` }}>
                    <strong>{nameOf(step)}</strong>
                    {step.loops > 1 && <span class="muted small"> × {count(step.loops)}</span>}
                    {step.details.map((detail) => (
                      <div class="muted small break" key={detail}>
                        {detail}
                      </div>
                    ))}
                  </div>
                </td>
                <td class="align-end nowrap">
                  {isAnalyzed ? duration(step.self) : count(Math.round(step.self))}
                  <span class="plan-bar" aria-hidden="true">
                    <span style={{ width: `${Math.round(step.share * 100)}%` }} />
                  </span>
                </td>
                <td class="align-end">{step.rows === null ? "–" : count(Math.round(step.rows))}</td>
                <td class="align-end nowrap">
                  {count(step.planRows)}
                  {step.off !== null && step.off >= 10 && (
                    <span class="badge badge-warn"> ×{count(Math.round(step.off))} off</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
