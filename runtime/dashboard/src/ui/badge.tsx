// <Badge tone="ok" icon={Check}>allow</Badge>. A tone never stands alone: the word says it, too.
import { CircleCheck, CircleX, type IconNode, TriangleAlert } from "lucide";
import type { ComponentChildren } from "preact";
import type { Execution } from "../api.ts";
import { Icon } from "./icon.tsx";

export type Tone = "plain" | "ok" | "warn" | "bad" | "accent";

export function Badge({ tone = "plain", icon, title, children }: { tone?: Tone; icon?: IconNode; title?: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      {icon && <Icon of={icon} size={13} />}
      {children}
    </span>
  );
}

/** How an execution ended: the hook allowed, it denied, or it failed, which denies unless its policy says otherwise. */
export type Outcome = "allow" | "deny" | "failure";

export function outcomeOf(execution: Pick<Execution, "decision" | "hook_error">): Outcome {
  if (execution.hook_error && execution.hook_error.code !== "denied") return "failure";
  return execution.decision;
}

const OUTCOMES: Record<Outcome, { tone: Tone; icon: IconNode; word: string }> = {
  allow: { tone: "ok", icon: CircleCheck, word: "Allowed" },
  deny: { tone: "warn", icon: CircleX, word: "Denied" },
  failure: { tone: "bad", icon: TriangleAlert, word: "Failed" },
};

export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  const { tone, icon, word } = OUTCOMES[outcome];
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}
