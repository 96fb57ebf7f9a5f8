// What a page shows where it has nothing to show: EmptyState teaches what would be here, ErrorState says what went wrong and
// offers to try again, Skeleton holds the place while data is on its way. `Show` chooses among them for what `useLoad` gives.
import { CircleAlert, Compass, type IconNode, Lock, RotateCw } from "lucide";
import type { ComponentChildren } from "preact";
import { ApiError } from "../api.ts";
import type { Loaded } from "../load.ts";
import { Button, ButtonLink } from "./button.tsx";
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

const STATUSES: Record<number, [icon: IconNode, title: string]> = {
  403: [Lock, "Your API token does not open this"],
  404: [Compass, "There is no such thing, or not any more"],
};

/** `back`: where to go from what does not exist. To try again is for what may succeed. */
export function ErrorState({ error, retry, back }: { error: Error; retry?: () => void; back?: { to: string; label: string } | undefined }) {
  const status = error instanceof ApiError ? error.status : 0;
  const [icon, title] = STATUSES[status] ?? [CircleAlert, "This could not be loaded"];
  return (
    <div class="empty" role="alert">
      <div class="emblem">
        <Icon of={icon} size={20} />
      </div>
      <h2>{title}</h2>
      <p class="text">{error.message.replace(/^Error: /, "")}</p>
      {back && status === 404 && (
        <div class="actions">
          <ButtonLink to={back.to}>{back.label}</ButtonLink>
        </div>
      )}
      {retry && !(status in STATUSES) && (
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

export function Show<T>({ of, children, wait, back }: { of: Loaded<T>; children: (data: T) => ComponentChildren; wait?: ComponentChildren; back?: { to: string; label: string } }) {
  if (of.data.value !== null) return <>{children(of.data.value)}</>;
  if (of.error.value) return <ErrorState error={of.error.value} retry={of.reload} back={back} />;
  return <>{wait ?? <Skeleton />}</>;
}
