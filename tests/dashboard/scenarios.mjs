// What a person does in the dashboard. Each is given the tools of driver.mjs, and throws where something is not as it should be.

import { EXECUTE, makeHook, REQUEST } from "./shared.mjs";

const TALKS = "module.exports = function (client, scope, audience, context, cb) { console.warn('hello', client.name); cb(null, { scope, iss: 'dropped' }); };";

export async function logs_in({ page, context, base, token, expect, assert }) {
  expect(/401/);
  await page.goto("/dashboard/hooks");
  await page.getByRole("heading", { name: "Log in to hookd" }).waitFor();
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Paste a token first.").waitFor();
  await page.getByLabel("API token").fill("nonsense");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Invalid token.").waitFor();
  await page.getByLabel("API token").fill(token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Hooks", exact: true }).waitFor();
  assert(new URL(page.url()).pathname === "/dashboard/hooks", `it leads to ${page.url()}`);

  const [cookie] = await context.cookies();
  assert(cookie.httpOnly && cookie.sameSite === "Strict", "the cookie is open to scripts or to others");
  assert((await page.evaluate(() => document.cookie)) === "", "a script reads the cookie");
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert(!kept.includes(token.slice(-40)), "the token lies in the browser's storage");

  await page.reload();
  await page.getByRole("heading", { name: "Hooks", exact: true }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in to hookd" }).waitFor();
  assert((await context.cookies()).length === 0, "the cookie is still there");
}

export async function logs_in_elsewhere({ page, options, serious, assert }) {
  await page.goto("/dashboard/login");
  await page.getByRole("link", { name: "Log in with your account" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("alert").getByText("The token server refused the login").waitFor();
  await page.getByRole("link", { name: "Log in with your account" }).click();
  const found = await serious();
  assert(found.length === 0, found.join("\n"));
  await page.getByLabel("Username or email address").fill(options.username);
  await page.getByLabel("Password").fill(options.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Hooks", exact: true }).waitFor();
  assert((await page.evaluate(() => document.cookie)) === "", "a script reads the cookie");
  assert(!page.url().includes("code="), "the code stands in the address");
  await page.reload();
  await page.getByRole("switch", { name: "Enable custom-claims" }).waitFor();
  const cut = await page.locator(".sidebar, .sidebar *").evaluateAll(([sidebar, ...inside]) => {
    const edge = sidebar.getBoundingClientRect().right;
    return inside.filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.className || one.tagName);
  });
  assert(cut.length === 0, `the sidebar cuts off, for a subject as token servers have them:\n${cut.join(", ")}`);
}

export async function session_ends({ page, context, open, expect }) {
  expect(/401/);
  await open("/hooks");
  await page.getByRole("switch", { name: "Enable custom-claims" }).waitFor(); // nothing more is on its way
  await context.clearCookies();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByText("Your session has ended.").waitFor();
}

export async function creates_toggles_deletes({ page, open, assert }) {
  await open("/hooks");
  await page.getByRole("button", { name: "Create New Hook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /deny-by-ip/ }).check({ force: true });
  await dialog.getByText("access denied").first().waitFor();
  assert((await dialog.getByRole("textbox", { name: "Name" }).inputValue()) === "deny-by-ip", "the name is not the template's");
  await dialog.getByRole("textbox", { name: "Name" }).fill("office only");
  await dialog.getByRole("button", { name: "Create hook" }).click();
  await page.waitForURL(/\/dashboard\/hooks\/[0-9A-Z]{26}/);

  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Hooks" }).click();
  const ours = page.getByRole("switch", { name: "Enable office only" });
  const first = page.getByRole("switch", { name: "Enable custom-claims" });
  await ours.and(page.locator("[aria-checked=false]")).waitFor();
  await ours.click();
  await page.getByText("office only is enabled, in place of custom-claims.").waitFor();
  await first.and(page.locator("[aria-checked=false]")).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await first.and(page.locator("[aria-checked=true]")).waitFor();
  await ours.and(page.locator("[aria-checked=false]")).waitFor();

  await page.getByRole("button", { name: "More about office only" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Delete office only?" });
  await question.getByText("This can not be undone.").waitFor();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "More about office only" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete hook" }).click();
  await ours.waitFor({ state: "detached" });
}

export async function name_is_taken({ page, open, expect }) {
  expect(/409|400/);
  await open("/hooks");
  await page.getByRole("button", { name: "Create New Hook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("custom-claims");
  await dialog.getByRole("button", { name: "Create hook" }).click();
  await dialog.getByText(/already/).waitFor();
  await dialog.getByRole("textbox", { name: "Name" }).fill("-");
  await dialog.getByRole("button", { name: "Create hook" }).click();
  await dialog.getByText("Letters, digits, spaces and hyphens").waitFor();
}

export async function switch_returns({ page, open, expect, context }) {
  expect(/Failed to load resource/);
  await open("/hooks");
  const first = page.getByRole("switch", { name: "Enable custom-claims" });
  await first.and(page.locator("[aria-checked=true]")).waitFor();
  await context.setOffline(true);
  await first.click();
  await page.getByText("The server can not be reached.").waitFor();
  await first.and(page.locator("[aria-checked=true]")).waitFor();
}

export async function shows_executions({ page, open, api, assert }) {
  const hook = await makeHook(api, "talks", TALKS);
  await api("PATCH", `/api/v1/hooks/${hook.id}/policy`, { order: 5, clients: ["shop"] });
  await api("PATCH", `/api/v2/hooks/${hook.id}`, { enabled: true });
  await api("POST", EXECUTE, REQUEST);
  await open("/executions");
  const table = page.getByRole("region", { name: "Executions", exact: true }).getByRole("table");
  await table.getByText("hello Shop").waitFor();
  await page.getByLabel("Hook", { exact: true }).selectOption({ label: "talks" });
  await page.waitForURL(/hook=/);
  await page.getByLabel("Outcome", { exact: true }).selectOption({ label: "Denied" });
  await page.getByText("No execution fits").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await table.getByText("hello Shop").click();
  await page.waitForURL(/executions\/[0-9A-Z]{26}$/);
  await page.getByRole("heading", { name: "talks" }).waitFor();
  await page.getByText("hello Shop").waitFor();
  await page.getByRole("heading", { name: /Dropped claims/ }).waitFor();
  const test = await page.getByRole("link", { name: "Use as test input" }).getAttribute("href");
  assert(test.startsWith(`/dashboard/hooks/${hook.id}?`), `the test run is at ${test}`);
  await api("DELETE", `/api/v2/hooks/${hook.id}`);
}

export async function follows_the_log({ page, context, open, api, expect, assert }) {
  expect(/ERR_INTERNET_DISCONNECTED/);
  const ask = (id) => api("POST", EXECUTE, { ...REQUEST, client: { ...REQUEST.client, id } });
  await open("/logs");
  await page.getByText("Live", { exact: true }).waitFor();
  const log = page.getByRole("log");
  await ask("first-client");
  await log.getByText("first-client").waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  await ask("second-client");
  await page.getByRole("button", { name: "Resume (1)" }).waitFor();
  assert((await log.getByText("second-client").count()) === 0, "a paused log goes on");
  await page.getByRole("button", { name: "Resume" }).click();
  await log.getByText("second-client").waitFor();

  await page.getByLabel("Find in the log").fill("second");
  await log.getByText("first-client").waitFor({ state: "detached" });
  await page.getByLabel("Find in the log").fill("");
  await page.getByRole("button", { name: "Clear" }).click();
  await log.getByText("Waiting for an execution").waitFor();

  // What happens while there is no connection is not missing afterwards.
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Logs" }).click();
  await log.getByText("second-client").waitFor();
  await context.setOffline(true);
  await ask("third-client");
  await context.setOffline(false);
  await log.getByText("third-client").waitFor();
  assert((await log.getByText("third-client").count()) === 1, "an execution stands in the log twice");
}

export async function reads_only({ page, open, assert }) {
  await open("/hooks");
  const first = page.getByRole("switch", { name: "Enable custom-claims" });
  await first.waitFor();
  assert(await first.isDisabled(), "the switch can be pressed");
  assert((await page.getByRole("button", { name: "Create New Hook" }).count()) === 0, "a hook can be created");
  await page.getByRole("button", { name: "More about custom-claims" }).click();
  await page.getByRole("menuitem", { name: "Open in the editor" }).waitFor();
  assert((await page.getByRole("menuitem", { name: "Delete…" }).count()) === 0, "a hook can be deleted");
}

export async function sees_only_the_log({ page, open, assert }) {
  await open("/hooks");
  await page.waitForURL(/\/dashboard\/executions$/);
  const places = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allInnerTexts();
  assert(places.join() === "Executions,Logs,Settings", `it is offered ${places}`);
}

export async function works_by_keyboard({ page, open, assert }) {
  await open("/hooks");
  await page.getByRole("switch", { name: "Enable custom-claims" }).waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Tab");
  assert((await page.evaluate(() => document.activeElement.textContent)) === "Skip to content", "the first stop is not the skip link");
  await page.getByRole("button", { name: "Create New Hook" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert(await dialog.getByRole("textbox", { name: "Name" }).evaluate((input) => input === document.activeElement), "the dialog begins elsewhere");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert(await page.getByRole("button", { name: "Create New Hook" }).evaluate((button) => button === document.activeElement), "the focus is lost");
  await page.getByRole("link", { name: "Executions" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Executions", exact: true }).first().waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
}

const ODD = String.raw`module.exports = (client, scope, audience, context, cb) => {
  console.log("a".repeat(10000));
  console.warn("to \u202egnorw\u202c \0 \u200b<img src=x onerror=alert(1)> 👩\u200d🚀");
  cb(null, { scope, "https://a.example/\u202eb": 1, iss: "x" });
};`;

/** What a hook says is text, all of which can be seen, in the order in which it was written. */
export async function misleads_nobody({ page, open, api, overflow, assert }) {
  const client = `${"c".repeat(90)}\u202e`;
  const hook = await makeHook(api, `odd ${"y".repeat(120)}`, ODD);
  await api("PATCH", `/api/v1/hooks/${hook.id}/policy`, { order: 7, clients: [client] });
  await api("PATCH", `/api/v2/hooks/${hook.id}`, { enabled: true });
  await api("POST", EXECUTE, { ...REQUEST, client: { ...REQUEST.client, id: client } });
  const { executions } = await api("GET", `/api/v1/logs?hook=${hook.id}`);
  const said = "to ⟨U+202E⟩gnorw⟨U+202C⟩ ⟨U+0000⟩ ⟨U+200B⟩<img src=x onerror=alert(1)> 👩\u200d🚀";
  for (const place of [`/executions/${executions[0].id}`, "/logs", `/executions?hook=${hook.id}`]) {
    await open(place);
    await page.getByText(said).first().waitFor();
    assert(!/\u202e|\0|\u200b/.test(await page.locator("main").innerText()), `${place} shows text as its writer wants it`);
    assert((await page.locator("main img").count()) === 0, "text has become a picture");
    assert((await overflow(380, 1280)) <= 0, `${place} is too wide`);
  }
  await open(`/executions/${executions[0].id}`);
  await page.getByText("https://a.example/⟨U+202E⟩b").first().waitFor();
  const long = page.locator(".console-text").first();
  assert((await long.innerText()).length < 1_000, "a line of 10,000 characters stands before all others");
  await long.getByRole("button", { name: "Show all 10,000 characters" }).click();
  assert((await long.innerText()).length > 10_000, "the rest of it does not come");
  await open(`/hooks/${hook.id}?tab=policy`);
  await page.getByRole("button", { name: /^Remove c/ }).waitFor();
  const panel = page.getByRole("tabpanel");
  for (const width of [1280, 380]) {
    await page.setViewportSize({ width, height: 800 });
    assert((await panel.evaluate((box) => box.scrollWidth - box.clientWidth)) <= 0, `a long client is too wide at ${width}`);
  }
  await api("DELETE", `/api/v2/hooks/${hook.id}`);
}

/** Each with its own words: what is gone, what is refused, and what is to be tried again, which then succeeds. */
export async function tells_what_is_wrong({ page, open, expect, assert }) {
  expect(/status of (404|403|503)|ERR_FAILED/);
  const again = page.getByRole("button", { name: "Try again" });
  const error = (status, message) => (route) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify({ statusCode: status, error: "", message, errorCode: "" }) });
  await open("/hooks/01M7YJ00000000000000000000");
  await page.getByRole("alert").getByText("Hook does not exist").waitFor();
  assert((await again.count()) === 0, "one is to try again what can not succeed");
  await page.getByRole("link", { name: "To the hooks" }).click();
  await page.getByRole("switch").first().waitFor();

  const list = "**/dashboard/hooks.json";
  for (const [how, words] of [
    [error(503, "The storage does not answer."), "The storage does not answer."],
    [(route) => route.abort(), "The server can not be reached."],
  ]) {
    await page.route(list, how);
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("link", { name: "Hooks", exact: true }).first().click();
    await page.getByRole("alert").getByText(words).waitFor();
    await page.unroute(list);
    await again.click();
    await page.getByRole("switch").first().waitFor();
  }
  await page.route(list, error(403, "This takes the scope read:hooks."));
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Hooks", exact: true }).first().click();
  await page.getByRole("heading", { name: "Your API token does not open this" }).waitFor();

  // Nobody knows who is logged in: that is no reason to show the login.
  await page.route("**/dashboard/session", (route) => route.abort());
  await page.reload();
  await page.getByRole("alert").getByText("The server can not be reached.").waitFor();
  assert((await page.getByLabel("API token").count()) === 0, "one is to log in again");
  await page.unroute("**/dashboard/session");
  await page.unroute(list);
  await again.click();
  await page.getByRole("switch").first().waitFor();
}

/** Ctrl+K, or ⌘K: the same for every page. */
export async function commands_by_name({ page, open, api, serious, assert }) {
  const hook = await makeHook(api, "found by name");
  const field = page.getByRole("combobox", { name: "Find a command" });
  const options = page.getByRole("option");
  await open("/settings");
  await page.getByRole("button", { name: "Find…" }).focus();
  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("found"); // at once, and the first time
  await options.filter({ hasText: "found by name" }).waitFor();
  assert((await field.inputValue()) === "found", "what one types at once is lost");
  assert(await field.evaluate((input) => input === document.activeElement), "one can not type at once");
  const found = await serious(".palette");
  assert(found.length === 0, found.join("\n"));
  await page.keyboard.type("nothing of this name");
  await page.getByText("Nothing has this name.").waitFor();
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "detached" });
  assert(await page.getByRole("button", { name: "Find…" }).evaluate((button) => button === document.activeElement), "the focus is lost");

  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("theme");
  await options.nth(2).waitFor();
  for (const _ of [1, 2]) await page.keyboard.press("ArrowDown");
  assert((await page.locator(".palette-option[aria-selected=true]").innerText()) === "Theme: Dark", "the arrows lead elsewhere");
  assert((await field.getAttribute("aria-activedescendant")) === (await options.nth(2).getAttribute("id")), "a screen reader hears another one");
  await page.keyboard.press("Enter");
  await page.locator("html[data-theme=dark]").waitFor();
  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("by found"); // words in any order
  await options.filter({ hasText: "found by name" }).click();
  await page.waitForURL(new RegExp(`/hooks/${hook.id}$`));
  await page.getByRole("textbox", { name: "Script" }).waitFor();
  await page.keyboard.press("ControlOrMeta+k");
  await options.filter({ hasText: "Versions" }).click();
  await page.getByRole("tabpanel", { name: "Versions" }).getByText("v1").waitFor();
  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("create");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Create New Hook" }).waitFor();
  await page.keyboard.press("ControlOrMeta+k");
  assert((await field.count()) === 0, "a dialog lies over another one");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert(!page.url().includes("create"), "going back would open it again");
  await api("DELETE", `/api/v2/hooks/${hook.id}`);
}

/** `?` */
export async function shows_its_keys({ page, open, serious, assert }) {
  await open("/logs");
  await page.getByLabel("Find in the log").fill("?");
  await page.getByLabel("Find in the log").press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  assert((await keys.count()) === 0, "one can not type a question mark");
  await page.getByRole("heading", { name: "Logs" }).click();
  await page.keyboard.press("?");
  await keys.getByText("Format the script").waitFor();
  const found = await serious("dialog");
  assert(found.length === 0, found.join("\n"));
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await keys.waitFor();
}

export async function changes_theme({ page, open, assert }) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await open("/settings");
  const light = await ground();
  await page.getByRole("group").or(page.getByRole("radiogroup", { name: "Theme" })).first().waitFor();
  await page.getByRole("radio", { name: "Dark" }).first().check({ force: true });
  const dark = await ground();
  assert(light !== dark, "dark is as light");
  await page.reload();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  assert((await ground()) === dark, "the theme is not kept");
}

/** Every page with axe, in the dark its contrasts, and measured on narrower screens. What is wrong, each with its page. */
export async function looks({ page, open, api, serious, overflow }) {
  const { execution } = await api("POST", EXECUTE, REQUEST);
  const found = [];
  const look = async (place) => {
    for (const [colorScheme, rules] of [["light", null], ["dark", ["color-contrast"]]]) {
      await page.emulateMedia({ colorScheme });
      await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
      found.push(...(await serious("html", rules)).map((text) => `${place}, ${colorScheme}: ${text}`));
    }
    const wider = await overflow(1024, 768, 380, 1280);
    if (wider > 0) found.push(`${place}: ${wider} pixels too wide`);
  };
  await page.goto("/dashboard/login");
  await page.getByText("Where do I find a token?").click();
  await look("/login");
  await open("/hooks");
  for (const place of ["/hooks", "/executions", `/executions/${execution.id}`, "/logs", "/settings", "/nowhere"]) {
    // As a link would: loading the page anew each time takes longest.
    await page.evaluate((to) => (history.pushState(null, "", to), dispatchEvent(new PopStateEvent("popstate"))), `/dashboard${place}`);
    await page.waitForFunction((title) => document.title.toLowerCase().startsWith(title), /^\/executions\/./.test(place) ? "custom-claims" : place === "/nowhere" ? "not found" : place.slice(1));
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    await look(place);
  }
  await page.setViewportSize({ width: 380, height: 800 });
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Hooks" }).waitFor();
  await look("the menu");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Hooks" }).click();
  await page.getByRole("button", { name: "Create New Hook" }).click();
  await page.getByRole("dialog").getByText("deny-by-ip").waitFor();
  await look("a new hook");
  return found;
}
