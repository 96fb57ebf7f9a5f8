// Ends the session, and with it whatever this tab has kept: the next one to sit here is somebody else.
import { auth } from "./api.ts";
import { href, leave } from "./router.ts";
import { complain } from "./ui/index.ts";

export function logOut(): void {
  leave(() => void auth.logout().then(forget, complain));
}

/** What was not saved, and, as the page is loaded anew, all that lies in memory. */
function forget(): void {
  sessionStorage.clear();
  location.replace(href("/login"));
}
