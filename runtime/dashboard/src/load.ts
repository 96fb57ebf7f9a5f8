// Data that a page shows: loading, there, or failed. `useLoad(() => hooks.list(), [])` loads at once and when a dependency changes.
import { type Signal, useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";

export interface Loaded<T> {
  /** The newest value; it stays while another one is on its way. */
  data: Signal<T | null>;
  error: Signal<Error | null>;
  reload: () => Promise<void>;
}

export function useLoad<T>(load: () => Promise<T>, dependencies: unknown[]): Loaded<T> {
  const data = useSignal<T | null>(null);
  const error = useSignal<Error | null>(null);
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const value = await load();
      if (mine !== turn.current) return;
      data.value = value;
      error.value = null;
    } catch (fault) {
      if (mine === turn.current) error.value = fault as Error;
    }
  }, dependencies);
  useEffect(() => {
    void reload();
    return () => void turn.current++;
  }, [reload]);
  return { data, error, reload };
}
