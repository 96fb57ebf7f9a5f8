// Everything by its name: pages, hooks, what the page can do, the theme. Ctrl+K, or ⌘K, opens it; it is a combobox as ARIA has
// them: the focus stays in the field, arrow keys move among what is found, Enter takes one.
import { Activity, ArrowRight, Keyboard, LogOut, Plus, ScrollText, Search, Settings, Webhook } from "lucide";
import { Fragment } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { hooks, type ListedHook, may } from "./api.ts";
import { type Command, HELP, keysText, overlay, pageCommands } from "./commands.ts";
import { useLoad } from "./load.ts";
import { logOut } from "./logout.ts";
import { navigate } from "./router.ts";
import { choose } from "./theme.ts";
import { THEMES } from "./themechoice.tsx";
import { point } from "./triggers.ts";
import { Icon } from "./ui/index.ts";

/** So many hooks are shown to who has not typed yet, and so many lines in all. */
const FEW = 6;
const MOST = 60;

export function Palette({ onClose }: { onClose: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const listed = useLoad(() => (may("read:hooks") ? hooks.list() : Promise.resolve([])), []);
  const all = useMemo(() => everything(listed.data.value ?? []), [listed.data.value, pageCommands.value]);
  const found = fitting(all, typed);
  const chosen = Math.min(at, found.length - 1);
  const option = (index: number) => `${id}-${index}`;

  useLayoutEffect(() => {
    const before = document.activeElement; // and open before the next key comes
    box.current?.showModal();
    return () => queueMicrotask(() => before instanceof HTMLElement && document.activeElement === document.body && before.focus());
  }, []);
  useEffect(() => document.getElementById(option(chosen))?.scrollIntoView({ block: "nearest" }), [chosen, typed]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    // The dialog is gone then, and the focus where it was: a command may take it elsewhere.
    setTimeout(command.run);
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (event.key === "Enter") run(found[chosen]);
    else if (step && found.length) setAt(Math.abs(step) === 1 ? (chosen + step + found.length) % found.length : Math.min(found.length - 1, Math.max(0, chosen + step)));
    else return;
    event.preventDefault();
  };

  return (
    <dialog ref={box} class="dialog palette" aria-label="Commands" onCancel={(event) => (event.preventDefault(), onClose())} onClick={(event) => event.target === box.current && onClose()}>
      <div class="palette-field">
        <Icon of={Search} />
        <input
          role="combobox"
          aria-label="Find a command"
          aria-expanded="true"
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={found.length ? option(chosen) : undefined}
          placeholder="Find a hook, a page or a command"
          autocomplete="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={move}
        />
        <kbd aria-hidden="true">Esc</kbd>
      </div>
      <div id={id} class="palette-list" role="listbox" aria-label="Commands">
        {found.map((command, index) => (
          <Fragment key={`${command.group} ${command.title} ${index}`}>
            {command.group !== found[index - 1]?.group && (
              <div class="palette-group" role="presentation">
                {command.group}
              </div>
            )}
            <div id={option(index)} class="palette-option" role="option" aria-selected={index === chosen} onMouseMove={(event) => (event.movementX || event.movementY) && setAt(index)} onClick={() => run(command)}>
              <Icon of={command.icon ?? ArrowRight} size={15} />
              <span class="truncate">{command.title}</span>
              {command.about && <span class="palette-about truncate">{command.about}</span>}
              {command.keys && <kbd>{keysText(command.keys)}</kbd>}
            </div>
          </Fragment>
        ))}
      </div>
      <p class="palette-none" role="status">
        {found.length ? <span class="visually-hidden">{`${found.length} found`}</span> : "Nothing has this name."}
      </p>
    </dialog>
  );
}

/** What there is, in the order in which it is shown. */
function everything(listed: ListedHook[]): Command[] {
  const goTo = (title: string, to: string, icon: Command["icon"]): Command => ({ group: "Go to", title, icon: icon!, run: () => navigate(to) });
  return [
    ...pageCommands.value,
    ...listed.map(
      ({ id, name, triggerId, enabled }): Command => ({
        group: HOOKS,
        title: name,
        about: `${point(triggerId)?.title ?? triggerId}${enabled ? ", enabled" : ""}`,
        icon: Webhook,
        run: () => navigate(`/hooks/${id}`),
      }),
    ),
    ...(may("create:hooks") ? [{ group: "Go to", title: "Create New Hook", icon: Plus, run: () => navigate("/hooks?create=new") }] : []),
    ...(may("read:hooks") ? [goTo("Hooks", "/hooks", Webhook)] : []),
    ...(may("read:logs") ? [goTo("Executions", "/executions", Activity), goTo("Logs", "/logs", ScrollText)] : []),
    goTo("Settings", "/settings", Settings),
    ...THEMES.map(({ value, label, icon }) => ({ group: "Theme", title: `Theme: ${label}`, icon, run: () => choose(value) })),
    { group: "More", title: "Keyboard shortcuts", icon: Keyboard, keys: HELP, run: () => (overlay.value = "shortcuts") },
    { group: "More", title: "Log out", icon: LogOut, run: logOut },
  ];
}

const HOOKS = "Hooks";

/** Each word must be somewhere; what begins with the first stands before the others of its group. */
function fitting(all: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) {
    let left = FEW;
    return all.filter(({ group }) => group !== HOOKS || left-- > 0);
  }
  const found = all.filter(({ title, about, group }) => words.every((word) => `${title} ${about ?? ""} ${group}`.toLowerCase().includes(word)));
  const begins = ({ title }: Command) => title.toLowerCase().startsWith(words[0]!);
  const groups = [...new Set(found.map(({ group }) => group))];
  return groups.flatMap((group) => found.filter((one) => one.group === group).sort((one, other) => Number(begins(other)) - Number(begins(one)))).slice(0, MOST);
}
