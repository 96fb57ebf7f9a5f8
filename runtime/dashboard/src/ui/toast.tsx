// toast("Saved."); toast("That failed.", { tone: "bad" }); toast("Disabled.", { action: { label: "Undo", run } }).
// Screen readers say them; they go after some seconds, errors when they are closed. They lie on top of open dialogs.
import { signal } from "@preact/signals";
import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from "lucide";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

type Tone = "ok" | "bad" | "warn" | "plain";

interface Toast {
  id: number;
  text: string;
  tone: Tone;
  action?: { label: string; run: () => void };
}

const ICONS = { ok: CircleCheck, bad: CircleAlert, warn: TriangleAlert, plain: Info };
const toasts = signal<Toast[]>([]);
let last = 0;

export function toast(text: string, { tone = "ok", action }: { tone?: Tone; action?: Toast["action"] } = {}): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, ...(action ? { action } : {}) }];
  if (tone !== "bad") setTimeout(close, action ? 8000 : 4500, id);
}

/** For a `catch`: shows what went wrong. */
export function complain(error: unknown): void {
  toast((error as Error).message, { tone: "bad" });
}

function close(id: number): void {
  toasts.value = toasts.value.filter((row) => row.id !== id);
}

export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  const shown = toasts.value;
  useEffect(() => {
    // Always there, so that it is read out when a line comes. Shown anew, it lies above a dialog that opened meanwhile.
    if (document.querySelector("dialog[open]")) box.current?.hidePopover();
    if (!box.current?.matches(":popover-open")) box.current?.showPopover();
  }, [shown]);
  return (
    <div ref={box} class="toasts" popover="manual" role="status">
      {shown.map((row) => (
        <Line key={row.id} row={row} />
      ))}
    </div>
  );
}

function Line({ row }: { row: Toast }) {
  return (
    <div class={`toast ${row.tone}`}>
      <Icon of={ICONS[row.tone]} />
      <div class="said">{row.text}</div>
      {row.action && (
        <Button
          small
          onClick={() => {
            close(row.id);
            row.action?.run();
          }}
        >
          {row.action.label}
        </Button>
      )}
      <Button kind="ghost" small icon={X} label="Dismiss" onClick={() => close(row.id)} />
    </div>
  );
}
