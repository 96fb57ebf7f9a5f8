// Lucide's icons, of which only those that are named somewhere end up in the bundle: <Icon of={Plus} />.
// An icon says nothing by itself: words stand beside it, or its button has a label.
import type { IconNode } from "lucide";
import { h } from "preact";

export function Icon({ of, size = 16, class: name }: { of: IconNode; size?: number; class?: string }) {
  return (
    <svg
      aria-hidden="true"
      class={name}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={size < 20 ? 2 : 1.75}
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      {of.map(([tag, attributes]) => h(tag, attributes as object))}
    </svg>
  );
}

/** hookd's mark. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg aria-hidden="true" class="mark" width={size} height={size} viewBox="0 0 32 32" fill="none" stroke="#fff" stroke-width="2.8" stroke-linecap="round" stroke-linejoin="round">
      <rect width="32" height="32" rx="8" stroke="none" class="mark-ground" />
      <path d="M12 7v9a5 5 0 1 0 10 0v-1.5" />
      <path d="m18.6 17.6 3.4-3.8 3.2 4" />
      <circle cx="12" cy="6.6" r="2.4" fill="#fff" stroke="none" />
    </svg>
  );
}
