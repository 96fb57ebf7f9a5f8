"""What people see of the token server: the login page and pages that say what is wrong. No script, no picture, no cookie.

Rule: every text goes through `escape`, and the policy lets the browser load nothing and send the form nowhere but here
and, by our redirect, to the client that asked.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from runtime.errors import HookdError
from runtime.http.json import SECURITY_HEADERS, bytes_response
from runtime.issuer.callbacks import form_target

STYLE: Final = """
:root { color-scheme: light dark; --ground: #f8fafc; --card: #fff; --text: #0f172a; --soft: #475569; --line: #cbd5e1; --edge: #64748b;
  --accent: #4338ca; --on-accent: #fff; --wrong: #b91c1c; --wrong-ground: #fef2f2; }
@media (prefers-color-scheme: dark) { :root { --ground: #0b1120; --card: #111827; --text: #e2e8f0; --soft: #94a3b8;
  --line: #334155; --edge: #94a3b8; --accent: #a5b4fc; --on-accent: #1e1b4b; --wrong: #fca5a5; --wrong-ground: #450a0a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground);
  color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 360px; padding: 32px 24px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; overflow-wrap: anywhere; }
h1 { margin: 0 0 4px; font-size: 20px; line-height: 28px; }
p { margin: 0 0 16px; color: var(--soft); }
strong { color: var(--text); }
.wrong { padding: 8px 12px; color: var(--wrong); background: var(--wrong-ground); border-radius: 6px; }
label { display: block; margin-bottom: 4px; font-weight: 600; }
input { width: 100%; margin-bottom: 16px; padding: 8px 12px; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--edge); border-radius: 6px; }
button { width: 100%; padding: 8px 12px; font: inherit; font-weight: 600; color: var(--on-accent);
  background: var(--accent); border: 1px solid var(--accent); border-radius: 6px; cursor: pointer; }
button.soft { margin-top: 8px; color: var(--text); background: transparent; border-color: var(--edge); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""
_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()

_HEADERS: Final[Mapping[str, str]] = {
    **SECURITY_HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: browsers would send the form without its Origin.
    "Referrer-Policy": "same-origin",
}


def login_page(
    *, client: str, redirect_uri: str, sealed: str, username: str = "", wrong: str = "", status: int = 200
) -> web.Response:
    """The login form for a client of this name. `sealed` is what the form carries, `wrong` what was wrong the last time."""
    focus = "password" if username else "username"
    body = f"""<h1>Log in</h1>
<p>to continue to <strong>{escape(client)}</strong></p>
{f'<p class="wrong" role="alert" id="wrong">{escape(wrong)}</p>' if wrong else ""}
<form method="post" action="login">
<input type="hidden" name="request" value="{escape(sealed)}">
<label for="username">Username or email address</label>
{_input("username", "text", "username", wrong=wrong, focus=focus, value=username)}
<label for="password">Password</label>
{_input("password", "password", "current-password", wrong=wrong, focus=focus)}
<button type="submit">Log in</button>
<button type="submit" class="soft" name="cancel" value="1" formnovalidate>Cancel</button>
</form>"""
    return _page("Log in", body, status, f"'self' {form_target(redirect_uri)}")


def error_page(error: HookdError) -> web.Response:
    """What is wrong, for the user's eyes: nobody else can be told."""
    body = f"""<h1>This does not work</h1>
<p class="wrong" role="alert">{escape(error.message)}</p>
<p>Go back to the application, and begin anew there. Its developers will want to know: <strong>{escape(error.code)}</strong>.</p>"""
    return _page("This does not work", body, error.status, "'none'")


def _input(name: str, kind: str, autocomplete: str, *, wrong: str, focus: str, value: str = "") -> str:
    attributes = [f'id="{name}" name="{name}" type="{kind}" autocomplete="{autocomplete}" required maxlength="1024"']
    attributes += ['autocapitalize="none" spellcheck="false"']
    attributes += [f'value="{escape(value)}"'] if value else []
    attributes += ["autofocus"] if focus == name else []
    attributes += ['aria-invalid="true" aria-describedby="wrong"'] if wrong else []
    return f"<input {' '.join(attributes)}>"


def _page(title: str, body: str, status: int, form_action: str) -> web.Response:
    document = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    encoded = document.encode("utf-8", "replace")
    return bytes_response(encoded, status, CIMultiDict(_HEADERS), {"Content-Security-Policy": policy})
