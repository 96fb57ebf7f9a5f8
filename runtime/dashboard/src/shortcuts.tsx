// The keys, in words: what `?` shows.
import { COMMANDS, FORMAT, HELP, keysText, RUN, SAVE } from "./commands.ts";
import { Dialog } from "./ui/index.ts";

const GROUPS: { title: string; rows: [what: string, ...keys: string[][]][] }[] = [
  {
    title: "Everywhere",
    rows: [
      ["Find a hook, a page or a command", COMMANDS],
      ["Show these shortcuts", HELP],
      ["Close what is open", ["Esc"]],
      ["Move among tabs, in menus and lists", ["←"], ["→"], ["↑"], ["↓"]],
    ],
  },
  {
    title: "In the hook editor",
    rows: [
      ["Save", SAVE],
      ["Run the test", RUN],
      ["Format the script, or the request", FORMAT],
      ["Suggestions", ["Ctrl", "Space"]],
      ["Find and replace", ["Mod", "F"]],
      ["Next problem", ["F8"]],
      ["Comment out", ["Mod", "/"]],
      ["Undo, and redo", ["Mod", "Z"], ["Mod", "Y"]],
      ["Leave the editor by keyboard", ["Esc"], ["Tab"]],
    ],
  },
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      {GROUPS.map(({ title, rows }) => (
        <section key={title} class="shortcuts">
          <h3>{title}</h3>
          <dl>
            {rows.map(([what, ...all]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  {all.map((keys) => (
                    <kbd key={keys.join()}>{keysText(keys)}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
