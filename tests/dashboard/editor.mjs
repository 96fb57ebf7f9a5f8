// What a person does in the hook editor. Each is given the tools of driver.mjs, and throws where something is not as it should be.

import { renameSync } from "node:fs";
import { EXECUTE, makeHook, PLAIN, REQUEST } from "./shared.mjs";

const script = (page) => page.getByRole("textbox", { name: "Script" });
const tab = (page, name) => page.getByRole("tab", { name }).click();
const says = (page, text) => page.getByText(text, { exact: typeof text === "string" }).first().waitFor();

/** Opens a hook, and waits until it can be edited. */
async function edit({ page, open }, hook, query = "") {
  await open(`/hooks/${hook.id}${query}`);
  await script(page).waitFor();
}

async function write(page, text) {
  await script(page).click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

export async function whole_story({ page, open, base, expect, assert, api, options }) {
  expect(/status of 400/);
  await open("/hooks");
  await page.getByRole("button", { name: "Create New Hook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /custom-claims/ }).check({ force: true });
  await dialog.getByRole("textbox", { name: "Name" }).fill("the story");
  await dialog.getByRole("button", { name: "Create hook" }).click();
  await page.waitForURL(/\/dashboard\/hooks\/[0-9A-Z]{26}/);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const stored = () => api("GET", `/api/v2/hooks/${id}`);
  await script(page).waitFor();
  const toggle = page.getByRole("switch", { name: "Enable the story" });

  const good = `module.exports = (client, scope, audience, context, cb) => {\n  console.warn("story of", client.name);\n  cb(null, { scope, "https://example.com/told": true });\n};\n`;
  await write(page, good);
  await says(page, "Unsaved changes");
  await page.keyboard.press("ControlOrMeta+s");
  await says(page, "Saved as version 2.");
  assert((await stored()).script === good, "what was saved is not what was written");

  await page.getByRole("button", { name: /^Run/ }).click();
  const result = page.locator(".test-result");
  await result.getByText("Allowed").waitFor();
  await result.getByText("https://example.com/told").waitFor();
  await result.getByText("story of A client").waitFor();

  await toggle.click();
  await says(page, /the story is enabled/);

  await write(page, good.replace("=> {", "=> {{"));
  await page.getByRole("button", { name: /error/ }).waitFor();
  await page.keyboard.press("ControlOrMeta+s");
  const fault = page.getByRole("alert").filter({ hasText: "Not saved: the version that runs stays as it is." });
  await fault.getByText(/SyntaxError.*\(line \d+, column \d+\)/).waitFor();
  assert((await script(page).innerText()).includes("=> {{"), "what was typed is lost");
  assert((await stored()).script === good, "a script that does not load runs");
  await fault.getByRole("button", { name: /Go to line/ }).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Script");

  await write(page, good.replace("story of", "the end of"));
  await page.getByRole("button", { name: /^Save (Ctrl|⌘)/ }).click();
  await says(page, "Saved as version 3, which runs from now on.");
  await fault.waitFor({ state: "detached" });

  await tab(page, "Log");
  await says(page, "Live");
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: options.client, client_secret: options.secret, audience: options.audience });
  const { access_token } = await (await fetch(`${base}/oauth/token`, { method: "POST", body: form })).json();
  const claims = JSON.parse(Buffer.from(access_token.split(".")[1], "base64url"));
  assert(claims["https://example.com/told"] === true, "the token has no claim of the hook's");
  await page.getByRole("log").getByText("the end of Demo client").waitFor();

  await tab(page, "Versions");
  await page.getByRole("button", { name: "Compare version 2" }).click();
  const compared = page.getByRole("dialog", { name: "Version 2 and version 3" });
  await compared.getByText("story of").waitFor();
  await compared.getByText("the end of").waitFor();
  await compared.getByRole("button", { name: "Roll back to version 2" }).click();
  await page.getByRole("dialog", { name: "Roll back to version 2?" }).getByRole("button", { name: "Roll back" }).click();
  await says(page, "Version 2 is the newest again, as version 4.");
  assert((await stored()).script === good, "the rollback deployed something else");
  assert((await script(page).innerText()).includes("story of"), "the editor shows another version than the one that runs");

  await page.getByRole("button", { name: "More about this hook" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Delete the story?" });
  await question.getByText("It is enabled").waitFor();
  await question.getByRole("button", { name: "Delete hook" }).click();
  await page.waitForURL(/\/dashboard\/hooks$/);
  assert((await api("GET", "/api/v2/hooks")).every((hook) => hook.id !== id), "the hook is still there");
}

export async function knows_types({ page, open, api, assert }) {
  const hook = await makeHook(api, "knows types");
  await edit({ page, open }, hook);
  await write(page, `module.exports = async (client, scope) => ({ scope, plan: client.metadata.plan });\n`);
  await says(page, "1 warning");
  await page.getByRole("button", { name: "1 warning" }).click();
  await says(page, 'plan: a claim\'s name is a URL, such as "https://example.com/plan". Others are dropped.');
  await page.keyboard.press("Escape");

  await page.locator(".cm-line span").getByText("metadata", { exact: true }).hover();
  await says(page, /\(property\) Client\.metadata/);

  await write(page, "module.exports = (client, scope, audience, context, cb) => { client");
  await page.keyboard.type(".");
  const list = page.getByRole("listbox", { name: "Completions" });
  await list.getByRole("option", { name: "metadata" }).waitFor();
  await page.keyboard.type("na");
  await list.getByRole("option", { name: "metadata" }).waitFor({ state: "detached" });
  await page.waitForTimeout(100); // CodeMirror takes no key for so long after a list changed
  await page.keyboard.press("Enter");
  assert((await script(page).innerText()).includes("client.name"), "the completion is not taken");

  await write(page, "interface Plan { name: string }\nexport default async (): Promise<Plan> => ({ name: 'x' });\n");
  await says(page, "TypeScript");
}

export async function leaves_by_keyboard({ page, open, api, assert }) {
  const hook = await makeHook(api, "by keyboard");
  await edit({ page, open }, hook);
  await script(page).click();
  await page.keyboard.press("Tab");
  assert(await script(page).evaluate((box) => box === document.activeElement), "Tab does not indent");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert(!(await script(page).evaluate((box) => box.contains(document.activeElement))), "there is no way out of the editor");
    await script(page).click();
  await page.keyboard.press("ControlOrMeta+f");
  await page.getByRole("textbox", { name: "Find" }).waitFor();
  await page.keyboard.type("scope");
  await page.locator(".cm-searchMatch").first().waitFor();
}

export async function loses_nothing({ page, context, open, api, expect, token, base, assert }) {
  expect(/401/);
  const hook = await makeHook(api, "loses nothing");
  await edit({ page, open }, hook);
  await write(page, "// a draft\n");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Settings" }).click();
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  await question.getByRole("button", { name: "Stay" }).click();
  await question.waitFor({ state: "detached" });

  const asked = page.waitForEvent("dialog").then((dialog) => (assert(dialog.type() === "beforeunload", dialog.type()), dialog.accept()));
  await Promise.all([asked, page.reload()]);
  await says(page, "What you had not saved is here again.");
  await page.getByText("// a draft").first().waitFor();

  await context.clearCookies();
  await page.keyboard.press("ControlOrMeta+s");
  await page.getByRole("heading", { name: "Log in to hookd" }).waitFor();
  await page.getByLabel("API token").fill(token);
  await page.keyboard.press("Enter");
  await script(page).waitFor();
  await page.getByText("// a draft").first().waitFor();

  // Somebody else deploys meanwhile.
  await api("PATCH", `/api/v2/hooks/${hook.id}`, { script: "module.exports = () => 'theirs';\n" });
  await page.keyboard.press("ControlOrMeta+s");
  const newer = page.getByRole("dialog", { name: "There is a newer version" });
  await newer.getByRole("button", { name: "Save anyway" }).click();
  await says(page, /Saved, with a remark/);
  assert((await api("GET", `/api/v2/hooks/${hook.id}`)).script === "// a draft\n", "it was not saved");

  await write(page, "// another draft\n");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Settings" }).click();
  await question.getByRole("button", { name: "Discard changes" }).click();
  await page.getByRole("heading", { name: "Settings", exact: true }).first().waitFor();
  assert((await page.evaluate(() => sessionStorage.length)) === 0, "a draft that was discarded is kept");
}

export async function tests_a_request_of_the_log({ page, open, api }) {
  const hook = await makeHook(api, "tests", PLAIN, { enabled: true });
  const { execution } = await api("POST", EXECUTE, REQUEST);
  await edit({ page, open }, hook, `?tab=test&execution=${execution.id}`);
  const request = page.getByRole("textbox", { name: "Request" });
  await request.getByText('"Shop"', { exact: true }).waitFor();

  // The draft runs, not what is saved; a place of the stack leads into the script.
  await write(page, `module.exports = (client, scope, audience, context, cb) => {\n  console.error("about to");\n\n  throw new TypeError("no " + client.name);\n};\n`);
  await page.keyboard.press("ControlOrMeta+Enter");
  const result = page.locator(".test-result");
  await result.getByText("TypeError: no Shop").waitFor();
  await result.getByText("Failed", { exact: true }).waitFor();
  await result.getByText("about to").waitFor();
  await result.getByRole("button", { name: /^hook\.js:4:/ }).click();
  await page.getByText(/^Ln 4, Col/).waitFor();

  await write(page, `module.exports = (client, scope, audience, context, cb) => cb(null, { scope: ["write:orders"], iss: "x", "https://example.com/a": [1] });\n`);
  await page.keyboard.press("ControlOrMeta+Enter");
  await result.getByRole("listitem").filter({ hasText: "write:orders added" }).waitFor();
  await result.getByRole("listitem").filter({ hasText: "read:orders removed" }).waitFor();
  await result.getByText(/iss of the access token: /).waitFor();
  await result.getByText("[1]").waitFor();

  await page.getByLabel("Request", { exact: true }).first().selectOption({ label: "Sample request" });
  await request.getByText('"A client"').waitFor();
}

export async function keeps_secrets_modules_and_policy({ page, open, api, expect, assert }) {
  expect(/status of 400/);
  const hook = await makeHook(api, "has panels", `require("broken");\n${PLAIN}`);
  await edit({ page, open }, hook, "?tab=secrets");
  await says(page, "No secrets yet");
  await page.getByRole("button", { name: "Add secret" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("API_KEY");
  const value = page.getByLabel("Value", { exact: true });
  await value.fill("abc");
  await page.getByText("With fewer than 4 characters it is not masked where the hook prints it.").waitFor();
  await value.fill("a very secret value");
  await page.getByText("With fewer than 4 characters").waitFor({ state: "detached" });
  await page.getByRole("dialog").getByRole("button", { name: "Add secret" }).click();
  await says(page, "API_KEY is there.");
  await page.getByRole("button", { name: "Replace API_KEY" }).click();
  await page.getByLabel("New value").fill("another secret value");
  await page.getByRole("button", { name: "Replace value" }).click();
  await says(page, "API_KEY has its new value.");
  assert(!(await page.content()).includes("secret value"), "a value is on the page");
  await page.getByRole("button", { name: "Delete API_KEY" }).click();
  await page.getByRole("button", { name: "Delete secret" }).click();
  await says(page, "No secrets yet");

  await tab(page, "Modules");
  await page.getByRole("textbox", { name: "Module", exact: true }).fill("broken");
  await page.getByRole("textbox", { name: "Version", exact: true }).fill("https://example.com/broken.tgz");
  await page.getByRole("button", { name: "Add module" }).click();
  await page.keyboard.press("ControlOrMeta+s");
  await page.getByRole("tabpanel").getByText(/broken/).first().waitFor();
  await page.getByRole("tabpanel").getByRole("alert").waitFor();
  await page.getByRole("button", { name: "Remove broken" }).click();

  await tab(page, "Policy");
  await page.getByRole("textbox", { name: "Clients" }).fill("shop,");
  await page.getByRole("textbox", { name: "Clients" }).press("Enter");
  await page.getByRole("textbox", { name: "Order" }).fill("3");
  await page.getByRole("radio", { name: /Allow/ }).check();
  await tab(page, "Versions"); // and back: what was chosen is still there
  await tab(page, "Policy");
  await page.getByRole("button", { name: "Save policy" }).click();
  await says(page, "The policy is saved.");
  const policy = await api("GET", `/api/v1/hooks/${hook.id}/policy`);
  assert(JSON.stringify(policy) === JSON.stringify({ clients: ["shop"], audiences: [], order: 3, on_error: "allow" }), JSON.stringify(policy));
}

export async function reads_only({ page, open, assert, options }) {
  await edit({ page, open }, { id: options.hook });
  assert((await page.getByRole("button", { name: /^Save/ }).count()) === 0, "one can save");
  assert(await page.getByRole("switch").isDisabled(), "the switch can be pressed");
  await script(page).click();
  await page.keyboard.type("x");
  assert((await page.getByText("Unsaved changes").count()) === 0, "one can write");
  await tab(page, "Secrets");
  assert((await page.getByRole("button", { name: "Add secret" }).count()) === 0, "a secret can be added");
}

/** Every panel, in both themes and on a narrow screen. */
export async function looks({ page, open, api, serious, overflow, assert }) {
  const hook = await makeHook(api, "looks");
  await api("PATCH", `/api/v2/hooks/${hook.id}`, { script: PLAIN.replace("{ scope }", "{ scope, a: scop }") });
  await api("POST", `/api/v2/hooks/${hook.id}/secrets`, { API_KEY: "x" });
  await edit({ page, open }, hook);
  await says(page, /warning/);
  await page.getByRole("button", { name: /^Run/ }).click();
  await page.locator(".result").waitFor();
  const found = [];
  const widths = [];
  const clipped = [];
  const look = async (where, part, rules) => found.push(...(await serious(part, rules)).map((text) => `${where}: ${text}`));
  await look("test");
  for (const name of ["Log", "Secrets", "Modules", "Policy", "Versions"]) {
    await tab(page, name);
    await page.locator(".tab-panel .skeleton").first().waitFor({ state: "detached" });
    await look(name, ".panel-pane");
  }
  await page.getByRole("button", { name: "Compare version 1" }).click();
  await page.locator(".cm-changedLine").first().waitFor();
  await look("comparison", "dialog");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-theme=dark]").waitFor();
  await look("comparison in the dark", "dialog", ["color-contrast"]);
  await page.keyboard.press("Escape");
  await look("the dark", "html", ["color-contrast"]);
  for (const width of [1280, 1024]) {
    await page.setViewportSize({ width, height: 800 });
    clipped.push(await page.getByRole("tablist").evaluate((strip) => strip.scrollWidth - strip.clientWidth));
  }
  await page.setViewportSize({ width: 380, height: 800 });
  for (const name of ["Code", "Test", "Log", "Secrets", "Modules", "Versions", "Policy"]) {
    await tab(page, name);
    widths.push(await overflow(768, 380));
    const { left, right } = await page.getByRole("tab", { name }).evaluate((tab) => tab.getBoundingClientRect());
    assert(left >= 0 && right <= 380, `the tab ${name} is chosen and not seen`);
  }
  return { found, overflow: Math.max(...widths), clipped: Math.max(...clipped) };
}

/** Shift+Alt+F, or the button: one step, which can be undone. */
export async function formats({ page, open, api, assert }) {
  const hook = await makeHook(api, "formats");
  await edit({ page, open }, hook);
  await page.getByText("No problems").waitFor();
  const ugly = "module.exports=function(client,scope,audience,context,cb){\nif(client.id==='x'){cb(new Error('no'))}\n      cb(null,{scope,})\n}";
  const pretty = "module.exports = function (client, scope, audience, context, cb) {\n  if (client.id === 'x') { cb(new Error('no')) }\n  cb(null, { scope, })\n}";
  const text = async () => (await page.locator(".code-box .cm-line").allInnerTexts()).join("\n");
  await write(page, ugly);
  await page.keyboard.press("Shift+Alt+f");
  await page.locator(".cm-line").getByText("module.exports = function (client, scope, audience, context, cb) {").waitFor();
  assert((await text()) === pretty, await text());
  await page.keyboard.press("ControlOrMeta+z");
  await page.locator(".cm-line").getByText("module.exports=function(client").waitFor();
  assert((await text()) === ugly, "one step back is not what it was");
  await page.getByRole("button", { name: "Format the script" }).click();
  await page.locator(".cm-line").getByText("module.exports = function (client").waitFor();

  await write(page, "module.exports =   function ({");
  await page.keyboard.press("Shift+Alt+f");
  await says(page, "What has a syntax error is not formatted.");
  assert((await text()) === "module.exports =   function ({", await text());

  await page.getByRole("textbox", { name: "Request" }).click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText('{"a":[1]}');
  await page.keyboard.press("Shift+Alt+f");
  await page.locator(".json-box .cm-line").getByText('"a": [').waitFor();
}

/** A save that takes long says so, and since when. */
export async function tells_that_it_saves({ page, open, api, assert }) {
  const hook = await makeHook(api, "takes its time");
  await edit({ page, open }, hook);
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(`**/api/v2/hooks/${hook.id}`, async (route) => {
    if (route.request().method() === "PATCH") await held;
    await route.continue();
  });
  await write(page, `require("ms");\n${PLAIN}`.replace('require("ms");', '// require("ms")'));
  await page.keyboard.press("ControlOrMeta+s");
  const bar = page.getByRole("progressbar", { name: "Saving; npm modules are found, fetched and joined" });
  await bar.waitFor();
  assert((await bar.getAttribute("value")) === null, "the bar says how much is left, which nobody knows");
  await says(page, /^1 s$/);
  go();
  await says(page, "Saved as version 2.");
  await bar.waitFor({ state: "detached" });
}

/** Whoever logs out takes everything along; who has something to lose is asked. */
export async function leaves_nothing_behind({ page, open, api, token, assert }) {
  const hook = await makeHook(api, "logged out of");
  await edit({ page, open }, hook);
  await write(page, "// nobody else's business\n");
  await page.getByRole("button", { name: "Log out" }).click();
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  await question.getByRole("button", { name: "Stay" }).click();
  await question.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Log out" }).click();
  await question.getByRole("button", { name: "Discard changes" }).click();
  await page.waitForURL(/\/dashboard\/login$/);
  await page.getByLabel("API token").fill(token);
  assert((await page.evaluate(() => sessionStorage.length)) === 0, "a draft stays in the tab");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "logged out of" }).click();
  await script(page).getByText("module.exports").first().waitFor();
  assert((await page.getByText("Unsaved changes").count()) === 0, "somebody else finds the draft");
}

/** The server can not note that the session has ended: this browser is logged out all the same, and the login page says what is left. */
export async function leaves_while_the_storage_is_away({ page, context, open, api, options, serious, overflow, expect, assert }) {
  expect(/503/);
  const hook = await makeHook(api, "left in a hurry");
  await edit({ page, open }, hook);
  await write(page, "// nobody else's business\n");
  const until = await page.evaluate(async () => {
    const { expires_at } = await (await fetch("/dashboard/session")).json();
    return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(expires_at));
  });
  renameSync(options.database, `${options.database}.away`);
  try {
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Discard changes" }).click();
    const said = page.getByRole("alert");
    await said.getByText("You are logged out in this browser. But the storage is not available").waitFor();
    assert((await said.innerText()).endsWith(`at the longest until ${until}.`), `it says ${await said.innerText()}, not ${until}`);
  } finally {
    renameSync(`${options.database}.away`, options.database);
  }
  await page.getByRole("heading", { name: "Log in to hookd" }).waitFor();
  assert((await page.getByRole("navigation", { name: "Pages" }).count()) === 0, "a page behind the login is still there");
  assert((await context.cookies()).length === 0, "the cookie is still there");
  assert((await page.evaluate(() => sessionStorage.length)) === 0, "a draft stays in the tab");
  const found = await serious();
  assert(found.length === 0, found.join("\n"));
  assert((await overflow(380, 1280)) <= 0, "the login page is too wide");
  await page.goto("/dashboard/login?error=session_not_ended&until=<b>");
  await page.getByRole("alert").getByText("at the longest as long as its token.").waitFor();
  await api("DELETE", `/api/v2/hooks/${hook.id}`);
}
