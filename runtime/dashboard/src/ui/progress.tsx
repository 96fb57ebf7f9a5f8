// <Progress label="Saving" />: that something goes on, and for how long by now. How much is left nobody knows, so the bar does not
// say. It comes after a moment: what is quick needs none.
import { useEffect, useState } from "preact/hooks";

const MOMENT_MS = 600;

export function Progress({ label }: { label: string }) {
  const [ms, setMs] = useState(0);
  useEffect(() => {
    const begun = performance.now();
    const timer = setInterval(() => setMs(performance.now() - begun), 200);
    return () => clearInterval(timer);
  }, []);
  if (ms < MOMENT_MS) return null;
  return (
    <div class="progress">
      <progress aria-label={label} />
      <span role="status">{label}</span>
      <span class="num faint" aria-hidden="true">
        {Math.floor(ms / 1000)} s
      </span>
    </div>
  );
}
