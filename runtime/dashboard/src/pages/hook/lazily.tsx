// Parts that come when they are first shown, and what there is room for.
import { signal } from "@preact/signals";
import { CircleAlert, RotateCw } from "lucide";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Icon } from "../../ui/index.ts";

const small = matchMedia("(max-width: 820px)");

/** Whether there is room for one pane only. */
export const isNarrow = signal(small.matches);
small.addEventListener("change", () => (isNarrow.value = small.matches));

/** The component that `load` gives; `wait` is shown until it is there. */
export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props & { wait?: ComponentChildren }> {
  let Loaded: ComponentType<Props> | null = null;
  return function Lazy({ wait, ...props }) {
    const [fault, setFault] = useState<Error | null>(null);
    const [turn, setTurn] = useState(0);
    useEffect(() => {
      if (Loaded) return;
      let left = false;
      load().then(
        (found) => {
          Loaded = found;
          if (!left) setTurn(turn + 1);
        },
        (error) => !left && setFault(error),
      );
      return () => {
        left = true;
      };
    }, [turn]);
    if (Loaded) return <Loaded {...(props as unknown as Props)} />;
    if (!fault) return <>{wait}</>;
    return (
      <div class="notice bad" role="alert">
        <Icon of={CircleAlert} />
        <div>A part of this page could not be loaded.</div>
        <Button
          small
          icon={RotateCw}
          onClick={() => {
            setFault(null);
            setTurn(turn + 1);
          }}
        >
          Try again
        </Button>
      </div>
    );
  };
}
