// <Table label="Executions" head={["Time", "Hook", { text: "Duration", right: true }]}>{rows}</Table>; a row is <tr><td>...</td></tr>,
// cells with numbers have the class "right num". It scrolls sideways by itself where it is too wide for the page.
import type { ComponentChildren } from "preact";

export function Table({ label, head, children }: { label: string; head: (string | { text: string; right?: boolean; hidden?: boolean })[]; children: ComponentChildren }) {
  return (
    <div class="table-wrap" role="region" aria-label={label} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {head.map((cell) => {
              const { text, right, hidden } = typeof cell === "string" ? { text: cell } : { right: false, hidden: false, ...cell };
              return (
                <th key={text} scope="col" class={right ? "right" : ""}>
                  {hidden ? <span class="visually-hidden">{text}</span> : text}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
