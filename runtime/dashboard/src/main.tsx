// The dashboard's beginning: who is logged in, then the page of the address.
import "./styles/index.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { auth, session } from "./api.ts";
import { Login } from "./pages/login.tsx";
import { Shell } from "./shell.tsx";
import { isDark } from "./theme.ts";
import { ErrorState, Toasts } from "./ui/index.ts";

/** Why nobody knows who is logged in. */
const fault = signal<Error | null>(null);

function Dashboard() {
  if (fault.value) {
    return (
      <main id="main" class="page">
        <ErrorState error={fault.value} retry={begin} />
      </main>
    );
  }
  if (session.value === undefined) return null;
  return (
    <>
      {session.value ? <Shell /> : <Login />}
      <Toasts />
    </>
  );
}

isDark.peek(); // the theme's effect runs from here on
render(<Dashboard />, document.getElementById("root")!);
begin();

function begin(): void {
  auth.resume().then(
    () => (fault.value = null),
    (error: Error) => (fault.value = error),
  );
}
