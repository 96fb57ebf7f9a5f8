// What a person does in the dashboard. Each is given the tools of driver.mjs, and throws where something is not as it should be.

const REQUEST = {
  client: { tenant: "demo", id: "shop", name: "Shop", metadata: { plan: "gold" } },
  scope: ["read:orders"],
  audience: "https://api.example.com/",
  context: { ip: "203.0.113.7", userAgent: "test" },
};
const EXECUTE = "/api/v1/triggers/credentials-exchange/execute";
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
}

export async function session_ends({ page, context, open, expect }) {
  expect(/401/);
  await open("/hooks");
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
  const hook = await api("POST", "/api/v2/hooks", { name: "talks", triggerId: "credentials-exchange", enabled: false, script: TALKS });
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

/** Opens the place of `options.place`; looks at it with axe in both themes, and measures it on a narrow screen. */
export async function looks_at({ page, open, api, serious, overflow, options }) {
  if (options.place === "/login") {
    await page.goto("/dashboard/login");
    await page.getByText("Where do I find a token?").click();
  } else if (options.place === "an execution") {
    const { execution } = await api("POST", EXECUTE, REQUEST);
    await open(`/executions/${execution.id}`);
    await page.getByRole("heading", { name: "Console" }).waitFor();
  } else if (options.place === "a hook") {
    const [hook] = await api("GET", "/api/v2/hooks");
    await open(`/hooks/${hook.id}`);
  } else if (options.place === "a new hook") {
    await open("/hooks");
    await page.getByRole("button", { name: "Create New Hook" }).click();
    await page.getByRole("dialog").getByText("deny-by-ip").waitFor();
  } else {
    if (options.place === "/executions") await api("POST", EXECUTE, REQUEST);
    await open(options.place);
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
  }
  const light = await serious();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-theme=dark]").waitFor();
  const dark = await serious();
  await page.setViewportSize({ width: 380, height: 800 });
  const widths = [await overflow()];
  const menu = page.getByRole("button", { name: "Menu" });
  if (options.place.startsWith("/") && (await menu.count())) {
    await menu.click();
    await page.getByRole("link", { name: "Executions" }).waitFor();
    widths.push(await overflow());
  }
  return { light, dark, overflow: Math.max(...widths) };
}
