// What a page shows where it has nothing to show: EmptyState teaches what would be here, ErrorState says what went wrong and
// offers to try again, Skeleton holds the place while data is on its way. `Show` chooses among them for what `useLoad` gives.
import { CircleAlert, type IconNode, RotateCw } from "lucide";
import type { ComponentChildren } from "preact";
import type { Loaded } from "../load.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

export function EmptyState(props: { icon: IconNode; title: string; children?: ComponentChildren; actions?: ComponentChildren; more?: ComponentChildren }) {
  return (
    <div class="empty">
      <div class="emblem">
        <Icon of={props.icon} size={20} />
      </div>
      <h2>{props.title}</h2>
      {props.children && <p class="text">{props.children}</p>}
      {props.actions && <div class="actions">{props.actions}</div>}
      {props.more}
    </div>
  );
}

export function ErrorState({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div class="empty" role="alert">
      <div class="emblem">
        <Icon of={CircleAlert} size={20} />
      </div>
      <h2>This could not be loaded</h2>
      <p class="text">{error.message}</p>
      {retry && (
        <div class="actions">
          <Button icon={RotateCw} onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

export function Skeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div class="skeleton-rows" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div class="skeleton-row" key={row}>
          <span class="skeleton w40" />
          <span class="skeleton w20" />
        </div>
      ))}
    </div>
  );
}

export function Show<T>({ of, children, wait }: { of: Loaded<T>; children: (data: T) => ComponentChildren; wait?: ComponentChildren }) {
  if (of.data.value !== null) return <>{children(of.data.value)}</>;
  if (of.error.value) return <ErrorState error={of.error.value} retry={of.reload} />;
  return <>{wait ?? <Skeleton />}</>;
}
