// The switch between light, dark and the system's, wherever it stands.
import { Monitor, Moon, Sun } from "lucide";
import { choose, type Theme, theme } from "./theme.ts";
import { Segments } from "./ui/index.ts";

export const THEMES = [
  { value: "system" as Theme, label: "Auto", icon: Monitor },
  { value: "light" as Theme, label: "Light", icon: Sun },
  { value: "dark" as Theme, label: "Dark", icon: Moon },
];

export function ThemeChoice() {
  return <Segments<Theme> label="Theme" value={theme.value} onChange={choose} options={THEMES} />;
}
