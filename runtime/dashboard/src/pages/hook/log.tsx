// What this hook says and how it ends, while it happens.
import { useSignal } from "@preact/signals";
import { type Level, may } from "../../api.ts";
import { Notice, Segments } from "../../ui/index.ts";
import { LiveLog } from "../logs.tsx";
import type { Draft } from "./draft.ts";

export function HookLog({ draft }: { draft: Draft }) {
  const level = useSignal<Level | "">("");
  if (!may("read:logs")) return <Notice>Your API token does not have the scope read:logs, which the log takes.</Notice>;
  return (
    <div class="hook-log">
      <Segments<Level | "">
        label="Level"
        value={level.value}
        onChange={(value) => (level.value = value)}
        options={[
          { value: "", label: "All" },
          { value: "warn", label: "Warnings" },
          { value: "error", label: "Errors" },
        ]}
      />
      <LiveLog key={level.value} narrow filter={{ hook: draft.id, ...(level.value ? { level: level.value } : {}) }} />
    </div>
  );
}
