// What one can do by name (palette.tsx) and by keys (shortcuts.tsx lists them). A page adds its own as long as it is shown:
// `useCommands(() => [{ title: "Save", keys: ["Mod", "S"], run }])`.
import { signal } from "@preact/signals";
import type { IconNode } from "lucide";
import { useEffect } from "preact/hooks";

export interface Command {
  title: string;
  /** Under which heading it stands. */
  group: string;
  icon?: IconNode;
  /** What else it may be looked for by, and what is shown beside it. */
  about?: string;
  keys?: string[];
  run: () => void;
}

/** The keys that more than one place names. */
export const COMMANDS = ["Mod", "K"];
export const HELP = ["?"];
export const SAVE = ["Mod", "S"];
export const RUN = ["Mod", "Enter"];
export const FORMAT = ["Shift", "Alt", "F"];

/** What lies over the page. */
export const overlay = signal<"palette" | "shortcuts" | null>(null);

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Record<string, string> = IS_MAC ? { Mod: "⌘", Shift: "⇧", Alt: "⌥", Enter: "↵" } : { Mod: "Ctrl", Enter: "↵" };

/** "Ctrl S", or "⌘S". */
export function keysText(keys: string[]): string {
  return keys.map((key) => NAMES[key] ?? key).join(IS_MAC ? "" : " ");
}

/** For `aria-keyshortcuts`. */
export function ariaKeys(keys: string[]): string {
  return keys.map((key) => (key === "Mod" ? (IS_MAC ? "Meta" : "Control") : key)).join("+");
}

/** Whether these keys, one letter and its modifiers, are what was pressed. */
export function isPressed(event: KeyboardEvent, [...keys]: string[]): boolean {
  const letter = keys.pop()!;
  const mod = IS_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  const isMod = keys.includes("Mod") ? mod : !event.metaKey && !event.ctrlKey;
  return event.key.toLowerCase() === letter.toLowerCase() && isMod && event.shiftKey === keys.includes("Shift") && event.altKey === keys.includes("Alt");
}

export const pageCommands = signal<Command[]>([]);

export function useCommands(make: () => Command[], dependencies: unknown[]): void {
  useEffect(() => {
    pageCommands.value = make();
    return () => void (pageCommands.value = []);
  }, dependencies);
}
