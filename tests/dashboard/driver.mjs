// One browser for all tests: node driver.mjs NODE_MODULES CHROMIUM. Each line on standard input asks for a scenario,
//
//   {"module": ".../scenarios.mjs", "name": "logs_in", "base": "http://...", "token": "...", "options": {"types": true}}
//
// and is answered by a line, {"ok": true, "value": ...} or {"ok": false, "error": "..."}. A scenario finds nothing
// of the one before, and fails for anything that the browser complains of: an error on the console, a script's, a breach of the CSP.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 50_000;

// As root there is no sandbox of Chromium's, and the pages are our own.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

let shared = null;

/** One context for all scenarios, and in it one page for those with types and one for the others: to begin anew each time costs most. */
async function pageAt(base, types) {
  if (!shared) {
    const context = await browser.newContext({ baseURL: base, colorScheme: "light", reducedMotion: "reduce", viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(PATIENCE);
    shared = { context, pages: new Map() };
  }
  if (!shared.pages.has(types)) {
    const page = await shared.context.newPage();
    // To start TypeScript's compiler costs more than all else: only who asks for `types` has it. The editor does without.
    if (!types) await page.addInitScript(() => (globalThis.Worker = class { postMessage() {} }));
    shared.pages.set(types, page);
  }
  // One that is behind another draws a frame a second, and whoever waits for something on it waits for frames.
  await shared.pages.get(types).bringToFront();
  return { context: shared.context, page: shared.pages.get(types) };
}

/** Nothing of this scenario is there for the next one. */
async function leave(context, page) {
  const agree = (dialog) => dialog.accept(); // to leave what is not saved
  page.on("dialog", agree);
  await context.setOffline(false);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  await page.goto("about:blank");
  page.off("dialog", agree);
  await context.clearCookies();
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function run({ module, name, base, token, options = {} }) {
  const scenarios = await import(module);
  const { context, page } = await pageAt(base, !!options.types);
  const complaints = [];
  const expected = [];
  const onConsole = (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text());
  const onError = (error) => complaints.push(String(error));
  page.on("console", onConsole);
  page.on("pageerror", onError);
  try {
    const helpers = { page, context, base, token, options, ...tools(page, context, base, token), expect: (pattern) => expected.push(pattern) };
    const value = await scenarios[name](helpers);
    const left = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
    if (left.length) throw new Error(`the browser complains:\n${left.join("\n")}`);
    page.off("console", onConsole);
    page.off("pageerror", onError);
    await leave(context, page);
    return value ?? null;
  } catch (error) {
    shared = null;
    await context.close();
    throw error;
  }
}

function tools(page, context, base, token) {
  return {
    /** The API with the bearer token, as from outside of the browser. */
    async api(method, path, body) {
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      const answer = await fetch(base + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : null;
    },
    /** Log in without the page, and open one. */
    async open(path, as = token) {
      const answer = await context.request.post("/dashboard/login", { data: { token: as }, headers: { Origin: base } });
      if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
      await page.goto(`/dashboard${path}`);
      await page.locator("main h1").first().waitFor();
    },
    /** What axe finds to be serious, in words; of a part of the page, or by some rules only, where that is all that changed. */
    async serious(part = "html", rules = null) {
      if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
      const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
      const { violations } = await page.evaluate(([where, how]) => globalThis.axe.run(where, how), [part, options]);
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
    },
    /** By how many pixels the page is wider than its window, at the worst of these widths. */
    async overflow(...widths) {
      let most = -Infinity;
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        most = Math.max(most, await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
      }
      return most;
    },
    assert(condition, message) {
      if (!condition) throw new Error(message);
    },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { ok: true, value: await run(JSON.parse(line)) };
  } catch (error) {
    answer = { ok: false, error: String(error.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
