// <Tabs label="Panels" tabs={[{ id: "test", label: "Test" }]} chosen={tab} onChoose={setTab}>{panel of the chosen one}</Tabs>
// Arrow keys, Home and End move between tabs.
import type { IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

export interface Tab<T extends string> {
  id: T;
  label: string;
  icon?: IconNode;
  extra?: ComponentChildren;
}

export function Tabs<T extends string>(props: { label: string; tabs: Tab<T>[]; chosen: T; onChoose: (id: T) => void; children: ComponentChildren }) {
  const { label, tabs, chosen, onChoose, children } = props;
  const base = useId();
  const strip = useRef<HTMLDivElement>(null);
  const look = () => {
    if (!strip.current) return;
    const { scrollLeft, clientWidth, scrollWidth, dataset } = strip.current;
    dataset.more = [scrollLeft > 1 && "left", scrollLeft + clientWidth < scrollWidth - 1 && "right"].filter(Boolean).join(" ");
  };
  useEffect(() => {
    const watch = new ResizeObserver(look);
    watch.observe(strip.current!);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const tab = document.getElementById(`${base}-${chosen}`);
    tab?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [chosen, tabs.length]);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length]!;
    onChoose(next.id);
    document.getElementById(`${base}-${next.id}`)?.focus();
  };
  return (
    <>
      <div ref={strip} class="tabs" role="tablist" aria-label={label} onKeyDown={move} onScroll={look}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            class="tab"
            id={`${base}-${tab.id}`}
            aria-selected={tab.id === chosen}
            aria-controls={`${base}-panel`}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.icon && <Icon of={tab.icon} size={15} />}
            {tab.label}
            {tab.extra}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${chosen}`}>
        {children}
      </div>
    </>
  );
}
