// Two panes with a bar between them, which is moved with the pointer or with the arrow keys, and stays where it was put.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

const KEY = "panel-width";
const LEAST = 30;
const MOST = 70;

export function Split({ left, right }: { left: ComponentChildren; right: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const share = useSignal(within(Number(localStorage.getItem(KEY)) || 44));
  const put = (value: number) => {
    share.value = within(value);
    localStorage.setItem(KEY, share.value.toFixed(1));
  };
  const drag = (event: PointerEvent) => {
    if (!(event.buttons & 1) || !(event.currentTarget as Element).hasPointerCapture(event.pointerId)) return;
    const { right, width } = box.current!.getBoundingClientRect();
    put(((right - event.clientX) / width) * 100);
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: 2, ArrowRight: -2 }[event.key];
    if (!step) return;
    event.preventDefault();
    put(share.value + step);
  };
  return (
    <div ref={box} class="split" style={{ "--right": `${share.value}%` }}>
      {left}
      <div
        class="split-bar"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={Math.round(share.value)}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={move}
        onDblClick={() => put(44)}
      />
      {right}
    </div>
  );
}

function within(share: number): number {
  return Math.min(MOST, Math.max(LEAST, share));
}
