// One browser for a module of tests: node driver.mjs NODE_MODULES CHROMIUM. Each line on standard input asks for a scenario,
//
//   {"module": ".../scenarios.mjs", "name": "logs_in", "base": "http://...", "token": "...", "options": {"dark": true}}
//
// and is answered by a line, {"ok": true, "value": ...} or {"ok": false, "error": "..."}. A scenario has a browser context of its
// own, and fails for anything that the browser complains of: an error on the console, a script's, a breach of the CSP.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 20_000;

// As root there is no sandbox of Chromium's, and the pages are our own.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

async function run({ module, name, base, token, options = {} }) {
  const scenarios = await import(module);
  const context = await browser.newContext({
    baseURL: base,
    colorScheme: options.dark ? "dark" : "light",
    reducedMotion: "reduce",
    viewport: { width: options.width ?? 1280, height: 800 },
  });
  context.setDefaultTimeout(PATIENCE);
  const complaints = [];
  const expected = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    const helpers = { page, context, base, token, options, ...tools(page, context, base, token), expect: (pattern) => expected.push(pattern) };
    const value = await scenarios[name](helpers);
    const left = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
    if (left.length) throw new Error(`the browser complains:\n${left.join("\n")}`);
    return value ?? null;
  } finally {
    await context.close();
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
    /** What axe finds to be serious, in words; of a part of the page only, where that is all that changed. */
    async serious(part = "html") {
      await page.evaluate(axe);
      const { violations } = await page.evaluate((where) => globalThis.axe.run(where, { resultTypes: ["violations"] }), part);
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
    },
    /** By how many pixels the page is wider than its window. */
    overflow: () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
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
