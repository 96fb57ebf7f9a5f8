// <Time at={execution.at} />: "3 min. ago", the exact moment when it is pointed at. It goes on counting.
import { signal } from "@preact/signals";
import { ago, moment } from "../format.ts";

const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 10_000);

export function Time({ at }: { at: string }) {
  return (
    <time class="num" dateTime={at} title={moment(at)}>
      {ago(at, Math.max(now.value, Date.now()))}
    </time>
  );
}
