// Where one is, and how one gets elsewhere. Paths are below /dashboard: "/hooks/01M7...".
//
// A page with unsaved changes registers a guard: `useGuard(() => dirty.value)`. Leaving asks then, in a dialog or, where
// the whole tab goes, by the browser's own question.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const BASE = "/dashboard";

const url = signal(new URL(location.href));

/** The path below /dashboard, without a slash at its end. */
export const path = computed(() => url.value.pathname.slice(BASE.length).replace(/\/+$/, "") || "/");
export const query = computed(() => url.value.searchParams);

/** The address of a page, for `href`. */
export function href(to: string): string {
  return BASE + to;
}

type Guard = () => boolean;
let guard: Guard | null = null;

/** Set while somebody who wants to leave is asked; `shell.tsx` shows the question. */
export const leaving = signal<{ go: () => void } | null>(null);

/** Ask before this page is left while `isDirty()`. */
export function useGuard(isDirty: Guard): void {
  useEffect(() => {
    guard = isDirty;
    const before = (event: BeforeUnloadEvent) => guard?.() && event.preventDefault();
    addEventListener("beforeunload", before);
    return () => {
      guard = null;
      removeEventListener("beforeunload", before);
    };
  });
}

/** Go, unless somebody has something to lose and wants to stay. */
export function leave(go: () => void): void {
  if (!guard?.()) return go();
  leaving.value = {
    go: () => {
      guard = null;
      go();
    },
  };
}

/** Go to a page. `replace` leaves no trace in the history. */
export function navigate(to: string, { replace = false } = {}): void {
  leave(() => {
    history[replace ? "replaceState" : "pushState"](null, "", href(to));
    const before = path.peek();
    url.value = new URL(location.href);
    if (before !== path.peek()) {
      scrollTo(0, 0);
      // Who does not see the page hears where it is now.
      requestAnimationFrame(() => document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true }));
    }
  });
}

/** Change some of the query's parameters; empty ones go. */
export function setQuery(changes: Record<string, string>): void {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  history.replaceState(null, "", location.pathname + (text && `?${text}`));
  url.value = new URL(location.href);
}

addEventListener("popstate", () => {
  const wanted = new URL(location.href);
  const back = url.peek().href;
  if (guard?.()) history.pushState(null, "", back);
  leave(() => {
    if (location.href !== wanted.href) history.replaceState(null, "", wanted);
    url.value = wanted;
  });
});

// One listener for all links: plain clicks on our own pages need no new page load.
addEventListener("click", (event) => {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const { origin, pathname, search } = new URL(link.href, location.href);
  if (link.target || link.hasAttribute("download") || origin !== location.origin || !pathname.startsWith(`${BASE}/`)) return;
  if (pathname.startsWith(`${BASE}/login/`)) return; // the server's own: a login elsewhere
  event.preventDefault();
  navigate(pathname.slice(BASE.length) + search);
});
