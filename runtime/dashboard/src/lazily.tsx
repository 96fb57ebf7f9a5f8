// Parts of the dashboard that come when they are first shown.
import { RotateCw } from "lucide";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Notice } from "./ui/index.ts";

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
      <Notice
        tone="bad"
        action={
          <Button
            small
            icon={RotateCw}
            onClick={() => location.reload()}
          >
            Load the page anew
          </Button>
        }
      >
        A part of this page could not be loaded: the server is gone, or has a newer version.
      </Notice>
    );
  };
}
