// The dashboard's beginning: who is logged in, then the page of the address.
import "./styles/index.css";
import { render } from "preact";
import { auth, session } from "./api.ts";
import { Login } from "./pages/login.tsx";
import { Shell } from "./shell.tsx";
import { isDark } from "./theme.ts";
import { complain, Toasts } from "./ui/index.ts";

function Dashboard() {
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
auth.resume().catch((error: unknown) => {
  session.value = null;
  complain(error);
});
