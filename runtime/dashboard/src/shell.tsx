// What stands around every page: the sidebar, which at 560 px and less is a bar with a menu, and the question before leaving.
import { Activity, Keyboard, LogOut, Menu as MenuIcon, ScrollText, Search, Settings, Webhook, X } from "lucide";
import { useEffect, useState } from "preact/hooks";
import { may, session } from "./api.ts";
import { ariaKeys, COMMANDS, HELP, isPressed, keysText, overlay } from "./commands.ts";
import { lazily } from "./lazily.tsx";
import { logOut } from "./logout.ts";
import { Execution } from "./pages/executions/one.tsx";
import { Executions } from "./pages/executions/index.tsx";
import { Hooks } from "./pages/hooks/index.tsx";
import { Logs } from "./pages/logs.tsx";
import { NotFound } from "./pages/notfound.tsx";
import { Settings as SettingsPage } from "./pages/settings.tsx";
import { Palette } from "./palette.tsx";
import { href, leaving, navigate, path } from "./router.ts";
import { ThemeChoice } from "./themechoice.tsx";
import { Button, Dialog, Icon, Mark, Skeleton } from "./ui/index.ts";

const PLACES = [
  { to: "/hooks", label: "Hooks", icon: Webhook, scope: "read:hooks" },
  { to: "/executions", label: "Executions", icon: Activity, scope: "read:logs" },
  { to: "/logs", label: "Logs", icon: ScrollText, scope: "read:logs" },
  { to: "/settings", label: "Settings", icon: Settings, scope: null },
];

// In chunks of their own, loaded when they are first shown. The palette is not: who types at once would lose what came before it.
const HookPage = lazily(() => import("./pages/hook/index.tsx").then((module) => module.HookPage));
const Shortcuts = lazily(() => import("./shortcuts.tsx").then((module) => module.Shortcuts));

export function Shell() {
  const [open, setOpen] = useState(false);
  useKeys();
  const places = PLACES.filter(({ scope }) => scope === null || may(scope));
  // A page that the token does not open is not even begun.
  const elsewhere = path.value === "/" || isAt("/login") || PLACES.some((place) => isAt(place.to) && !places.includes(place));
  useEffect(() => {
    if (elsewhere) navigate(places[0]!.to, { replace: true });
    setOpen(false);
  }, [path.value]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class={open ? "sidebar open" : "sidebar"}>
        <div class="brand">
          <a href={href(places[0]!.to)} class="brand-link" aria-label="hookd: to the first page">
            <Mark />
            <span>hookd</span>
          </a>
          <button type="button" class="button ghost icon-only menu-toggle" aria-label="Menu" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon of={open ? X : MenuIcon} size={18} />
          </button>
        </div>
        <div class="sidebar-rest">
          <button type="button" class="place finder" title={`Find a hook, a page or a command (${keysText(COMMANDS)})`} aria-keyshortcuts={ariaKeys(COMMANDS)} onClick={() => (overlay.value = "palette")}>
            <Icon of={Search} />
            <span class="place-name">Find…</span>
            <kbd aria-hidden="true">{keysText(COMMANDS)}</kbd>
          </button>
          <nav aria-label="Pages">
            {places.map(({ to, label, icon }) => {
              return (
                <a key={to} href={href(to)} class="place" title={label} aria-current={isAt(to) ? "page" : undefined}>
                  <Icon of={icon} />
                  <span class="place-name">{label}</span>
                </a>
              );
            })}
          </nav>
          <Person />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {!elsewhere && <Page />}
      </main>
      {leaving.value && <Leaving />}
      {overlay.value === "palette" && <Palette onClose={close} />}
      {overlay.value === "shortcuts" && <Shortcuts onClose={close} />}
    </div>
  );
}

const close = () => void (overlay.value = null);

/** The keys that work everywhere. A question that is open wants its answer first. */
function useKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const asked = isPressed(event, COMMANDS) ? "palette" : event.key === "?" && !isTyping(event) ? "shortcuts" : null;
      if (!asked) return;
      event.preventDefault();
      if (overlay.peek() === asked) close();
      else if (!document.querySelector("dialog[open]")) overlay.value = asked;
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      close();
    };
  }, []);
}

function isTyping({ target }: Event): boolean {
  return (target as Element | null)?.closest?.("input, textarea, select, [contenteditable=true]") !== null;
}

function isAt(place: string): boolean {
  return path.value === place || path.value.startsWith(`${place}/`);
}

function Person() {
  const { tenant, subject } = session.value!;
  return (
    <div class="person">
      <ThemeChoice />
      <div class="who">
        <span class="tenant-mark" aria-hidden="true">
          {tenant.slice(0, 1).toUpperCase()}
        </span>
        <div class="who-names">
          <div class="truncate who-tenant" title={`Tenant ${tenant}`}>
            {tenant}
          </div>
          {subject && (
            <div class="truncate faint who-subject" title={subject}>
              {subject}
            </div>
          )}
        </div>
        <span class="who-acts">
          <Button kind="ghost" small icon={Keyboard} label="Keyboard shortcuts" aria-keyshortcuts={ariaKeys(HELP)} onClick={() => (overlay.value = "shortcuts")} />
          <Button kind="ghost" small icon={LogOut} label="Log out" onClick={logOut} />
        </span>
      </div>
    </div>
  );
}

function Page() {
  const [, place = "", id] = path.value.split("/");
  if (place === "hooks") return id ? <HookPage key={id} id={id} wait={<Skeleton />} /> : <Hooks />;
  if (place === "executions") return id ? <Execution key={id} id={id} /> : <Executions />;
  if (place === "logs") return <Logs />;
  if (place === "settings") return <SettingsPage />;
  return <NotFound />;
}

function Leaving() {
  const { go } = leaving.value!;
  const stay = () => (leaving.value = null);
  return (
    <Dialog
      title="Leave without saving?"
      onClose={stay}
      onSubmit={() => {
        stay();
        go();
      }}
      foot={
        <>
          <Button onClick={stay} data-first="true">
            Stay
          </Button>
          <Button kind="danger" type="submit">
            Discard changes
          </Button>
        </>
      }
    >
      <p class="muted">What you changed on this page is not saved yet.</p>
    </Dialog>
  );
}
