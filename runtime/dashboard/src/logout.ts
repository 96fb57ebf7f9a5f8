// Ends the session, and with it whatever this tab has kept: the next one to sit here is somebody else.
import { ApiError, auth, NOT_ENDED, session } from "./api.ts";
import { href, leave } from "./router.ts";
import { complain } from "./ui/index.ts";

export function logOut(): void {
  leave(() => {
    const until = session.peek()?.expires_at ?? "";
    auth.logout().then(
      () => forget("/login"),
      (error: Error) => {
        // The cookie is gone all the same: to stay here would look as if one were still logged in. The login page says what is left.
        if (error instanceof ApiError && error.code === NOT_ENDED) forget(`/login?${new URLSearchParams({ error: NOT_ENDED, until })}`);
        else complain(error);
      },
    );
  });
}

/** What was not saved, and, as the page is loaded anew, all that lies in memory. */
function forget(to: string): void {
  sessionStorage.clear();
  location.replace(href(to));
}
