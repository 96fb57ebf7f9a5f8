// Light, dark, or as the system has it. `early.ts` does the same before the first drawing.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", () => (systemIsDark.value = system.matches));

export const theme = signal<Theme>(known(localStorage.getItem(KEY)));

/** Which of the two is shown; an editor has themes of its own. */
export const isDark = signal(false);

effect(() => {
  isDark.value = theme.value === "dark" || (theme.value === "system" && systemIsDark.value);
  document.documentElement.dataset.theme = isDark.value ? "dark" : "light";
});

export function choose(wanted: Theme): void {
  theme.value = wanted;
  if (wanted === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, wanted);
}

function known(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "system";
}
