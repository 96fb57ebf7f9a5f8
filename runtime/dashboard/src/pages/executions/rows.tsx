// Executions as rows of a table; a row leads to the execution.
import type { Execution } from "../../api.ts";
import { ms } from "../../format.ts";
import { href, navigate } from "../../router.ts";
import { OutcomeBadge, outcomeOf, Table, Time, visible } from "../../ui/index.ts";

export function ExecutionRows({ rows }: { rows: Execution[] }) {
  return (
    <Table label="Executions" head={["Outcome", "Hook", "Client", "Said", { text: "Duration", right: true }, { text: "CPU", right: true }, { text: "When", right: true }]}>
      {rows.map((row) => {
        const address = `/executions/${row.id}`;
        return (
          <tr key={row.id} class="link" onClick={(event) => (event.target as Element).closest("a") || navigate(address)}>
            <td>
              <a class="quiet" href={href(address)}>
                <span class="visually-hidden">Execution {row.id}: </span>
                <OutcomeBadge outcome={outcomeOf(row)} />
              </a>
            </td>
            <td class="cell-name">
              <div class="truncate" title={row.hook}>
                {row.hook}
              </div>
            </td>
            <td class="cell-name muted">
              <div class="truncate" title={row.client}>
                {visible(row.client) || "–"}
              </div>
            </td>
            <td class="cell-said">
              <div class="truncate mono faint">{visible(said(row)).slice(0, 400)}</div>
            </td>
            <td class="right num">{ms(row.duration_ms)}</td>
            <td class="right num muted">{ms(row.cpu_ms)}</td>
            <td class="right muted cell-when">
              <Time at={row.at} />
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

/** What tells this execution from others: its error, else its last line on the console. */
function said({ hook_error, console }: Execution): string {
  if (hook_error) return `${hook_error.name}: ${hook_error.message}`;
  return console.at(-1)?.text ?? "";
}
