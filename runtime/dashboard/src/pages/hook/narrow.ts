// What there is room for.
import { signal } from "@preact/signals";

const small = matchMedia("(max-width: 820px)");

/** Whether there is room for one pane only. */
export const isNarrow = signal(small.matches);
small.addEventListener("change", () => (isNarrow.value = small.matches));
