// What stands around every page: the sidebar, which at 560 px and less is a bar with a menu, and the question before leaving.
import { Activity, LogOut, Menu as MenuIcon, Monitor, Moon, ScrollText, Settings, Sun, Webhook, X } from "lucide";
import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { auth, may, session } from "./api.ts";
import { Execution } from "./pages/executions/one.tsx";
import { Executions } from "./pages/executions/index.tsx";
import { Hooks } from "./pages/hooks/index.tsx";
import { Logs } from "./pages/logs.tsx";
import { NotFound } from "./pages/notfound.tsx";
import { Settings as SettingsPage } from "./pages/settings.tsx";
import { href, leaving, navigate, path } from "./router.ts";
import { choose, type Theme, theme } from "./theme.ts";
import { Button, complain, Dialog, Icon, Mark, Segments, Skeleton } from "./ui/index.ts";

const PLACES = [
  { to: "/hooks", label: "Hooks", icon: Webhook, scope: "read:hooks" },
  { to: "/executions", label: "Executions", icon: Activity, scope: "read:logs" },
  { to: "/logs", label: "Logs", icon: ScrollText, scope: "read:logs" },
  { to: "/settings", label: "Settings", icon: Settings, scope: null },
];

// In chunks of their own, loaded when they are first shown.
const LATER = { hook: () => import("./pages/hook/index.tsx").then((module) => module.HookPage) };

export function Shell() {
  const [open, setOpen] = useState(false);
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
          <nav aria-label="Pages">
            {places.map(({ to, label, icon }) => {
              return (
                <a key={to} href={href(to)} class="place" aria-current={isAt(to) ? "page" : undefined}>
                  <Icon of={icon} />
                  {label}
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
    </div>
  );
}

function isAt(place: string): boolean {
  return path.value === place || path.value.startsWith(`${place}/`);
}

function Person() {
  const { tenant, subject } = session.value!;
  return (
    <div class="person">
      <Segments<Theme>
        label="Theme"
        value={theme.value}
        onChange={choose}
        options={[
          { value: "system", label: "Auto", icon: Monitor },
          { value: "light", label: "Light", icon: Sun },
          { value: "dark", label: "Dark", icon: Moon },
        ]}
      />
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
        <Button kind="ghost" small icon={LogOut} label="Log out" onClick={() => auth.logout().catch(complain)} />
      </div>
    </div>
  );
}

function Page() {
  const [, place = "", id] = path.value.split("/");
  if (place === "hooks") return id ? <Later key={id} load={LATER.hook} props={{ id }} /> : <Hooks />;
  if (place === "executions") return id ? <Execution key={id} id={id} /> : <Executions />;
  if (place === "logs") return <Logs />;
  if (place === "settings") return <SettingsPage />;
  return <NotFound />;
}

const loaded = new Map<unknown, ComponentType<{ id: string }>>();

function Later({ load, props }: { load: () => Promise<FunctionComponent<{ id: string }>>; props: { id: string } }) {
  const [, redraw] = useState(0);
  const Component = loaded.get(load);
  useEffect(() => {
    if (!Component)
      load().then((module) => {
        loaded.set(load, module);
        redraw(1);
      }, complain);
  }, [Component, load]);
  return Component ? <Component {...props} /> : <Skeleton />;
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
