// The head of a page: its title, which names the tab, too, what it is for, and what one can do.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export function PageHead({ title, children, actions, above }: { title: string; children?: ComponentChildren; actions?: ComponentChildren; above?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · hookd`;
  }, [title]);
  return (
    <div class="page-head">
      <div class="page-title">
        {above}
        <h1 tabIndex={-1}>{title}</h1>
        {children && <p class="muted">{children}</p>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </div>
  );
}
