// <Notice tone="bad">What went wrong.</Notice>: a sentence or two that stand out. With a tone they are read out when they come.
import { CircleAlert, TriangleAlert } from "lucide";
import type { ComponentChildren } from "preact";
import { Icon } from "./icon.tsx";

const ICONS = { bad: CircleAlert, warn: TriangleAlert };

export function Notice({ tone, action, children }: { tone?: keyof typeof ICONS; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class={tone ? `notice ${tone}` : "notice"} role={tone && "alert"}>
      {tone && <Icon of={ICONS[tone]} />}
      <div class="notice-said">{children}</div>
      {action}
    </div>
  );
}
