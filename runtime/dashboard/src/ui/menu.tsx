// <Menu label="More"><MenuItem icon={Trash2} danger onClick={...}>Delete</MenuItem></Menu>: the browser's own popover; arrow keys move.
import { Ellipsis, type IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

const GAP = 4;

export function Menu({ label, icon = Ellipsis, children }: { label: string; icon?: IconNode; children: ComponentChildren }) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<HTMLButtonElement>(null);
  const place = () => {
    const { right, bottom, top } = anchor.current!.getBoundingClientRect();
    const { offsetWidth, offsetHeight, style } = box.current!;
    const below = bottom + GAP + offsetHeight < innerHeight;
    style.left = `${Math.max(8, right - offsetWidth)}px`;
    style.top = `${below ? bottom + GAP : top - GAP - offsetHeight}px`;
  };
  const move = (event: KeyboardEvent) => {
    const items = [...box.current!.querySelectorAll<HTMLElement>(".menu-item")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    items[(at + step + items.length) % items.length]?.focus();
  };
  return (
    <span class="menu-anchor">
      <button ref={anchor} type="button" class="button ghost small icon-only" aria-label={label} title={label} aria-haspopup="menu" popovertarget={id}>
        <Icon of={icon} />
      </button>
      <div
        ref={box}
        id={id}
        class="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        onKeyDown={move}
        onClick={() => box.current?.hidePopover()}
        onToggle={(event) => {
          if ((event as ToggleEvent).newState !== "open") return;
          place();
          box.current?.querySelector<HTMLElement>(".menu-item")?.focus();
        }}
      >
        {children}
      </div>
    </span>
  );
}

export function MenuItem(props: { icon: IconNode; danger?: boolean; onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" role="menuitem" class={props.danger ? "menu-item danger" : "menu-item"} onClick={props.onClick}>
      <Icon of={props.icon} size={15} />
      {props.children}
    </button>
  );
}
