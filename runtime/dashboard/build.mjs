// Run by build.py: node build.mjs FOLDER. Bundles src/ into FOLDER, flat, with hashed names, and writes index.html beside it.
//
// `import url from "./some.worker.ts?worker"` gives the address of a web worker, which is bundled on its own.
// `import templates from "hookd:templates"` gives the examples of hooks/, `import types from "hookd:types"` hookd.d.ts as text,
// `import libraries from "hookd:libraries"` TypeScript's own declarations of JavaScript, by their names.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = process.argv[2];
const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, "../..");
const BASE = "/dashboard/assets/";

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  loader: { ".svg": "file" },
  logLevel: "warning",
  metafile: true,
  minify: true,
  outdir: folder,
  target: ["chrome110", "firefox110", "safari16"],
};

// CodeMirror writes its style sheets with this, into <style> elements, which our CSP refuses: `stylemod.ts` stands before it.
const styles = {
  name: "styles",
  setup(bundle) {
    bundle.onResolve({ filter: /^style-mod$/ }, ({ importer }) =>
      importer.endsWith("stylemod.ts") ? undefined : { path: resolve(here, "src/pages/hook/editor/stylemod.ts") },
    );
  },
};

/** The packages of npm that something in the artefact is from. */
const packages = new Set();

function note({ outputs }) {
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [, name] = /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
      if (name && bytesInOutput) packages.add(name);
    }
  }
}

const workers = {
  name: "workers",
  setup(bundle) {
    bundle.onResolve({ filter: /\.worker\.ts\?worker$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(/\?worker$/, "")),
      namespace: "worker",
    }));
    bundle.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const { metafile } = await build({ ...common, entryPoints: [path], format: "iife", plugins: [sources] });
      note(metafile);
      return { contents: `export default ${JSON.stringify(BASE + outputOf(metafile, path))};` };
    });
  },
};

const sources = {
  name: "sources",
  setup(bundle) {
    bundle.onResolve({ filter: /^hookd:/ }, ({ path }) => ({ path, namespace: "hookd" }));
    bundle.onLoad({ filter: /templates/, namespace: "hookd" }, async () => ({
      contents: JSON.stringify(await templates()),
      loader: "json",
    }));
    bundle.onLoad({ filter: /libraries/, namespace: "hookd" }, async () => ({
      contents: JSON.stringify(await libraries("es2023")),
      loader: "json",
    }));
    bundle.onLoad({ filter: /types/, namespace: "hookd" }, async () => ({
      contents: await readFile(join(repository, "runtime/types/hookd.d.ts"), "utf8"),
      loader: "text",
    }));
  },
};

/** TypeScript's library of this name and all that it refers to. */
async function libraries(name, found = {}) {
  const file = `lib.${name}.d.ts`;
  if (file in found) return found;
  found[file] = (await readFile(join(here, "node_modules/typescript/lib", file), "utf8")).replace(/^\/\*![\s\S]*?\*\/\s*/, "");
  for (const [, next] of found[file].matchAll(/^\/\/\/ <reference lib="([\w.]+)" \/>/gm)) await libraries(next, found);
  return found;
}

/** Each example with its extensibility point, which its cases name, and the first paragraph of its README. */
async function templates() {
  const found = [];
  for (const name of (await readdir(join(repository, "hooks"))).sort()) {
    const hook = join(repository, "hooks", name);
    const [first] = await readdir(join(hook, "cases"));
    const { trigger, secrets } = JSON.parse(await readFile(join(hook, "cases", first), "utf8"));
    const [, about] = (await readFile(join(hook, "README.md"), "utf8")).split("\n\n");
    found.push({
      name,
      trigger,
      about: about.replaceAll("\n", " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", ""),
      script: await readFile(join(hook, "hook.js"), "utf8"),
      secrets: Object.keys(secrets ?? {}),
    });
  }
  return found;
}

function outputOf(metafile, entry) {
  const wanted = resolve(here, entry);
  const [name] = Object.entries(metafile.outputs).find(
    ([, output]) => output.entryPoint && resolve(here, output.entryPoint.replace(/^worker:/, "")) === wanted,
  );
  return basename(name);
}

/** What an output loads at once, itself first. */
function loaded(metafile, name) {
  const key = Object.keys(metafile.outputs).find((path) => basename(path) === name);
  const seen = new Set([key]);
  for (const path of seen) {
    for (const { path: next, kind } of metafile.outputs[path].imports) {
      if (kind === "import-statement") seen.add(next);
    }
  }
  return [...seen].map((path) => basename(path));
}

await mkdir(folder, { recursive: true });
const early = await build({ ...common, entryPoints: ["src/early.ts"], format: "iife" });
const pages = await build({
  ...common,
  entryPoints: ["src/main.tsx", "src/icon.svg"],
  format: "esm",
  splitting: true,
  plugins: [styles, workers, sources],
});
note(early.metafile);
note(pages.metafile);

const theme = outputOf(early.metafile, "src/early.ts");
const main = outputOf(pages.metafile, "src/main.tsx");
const scripts = loaded(pages.metafile, main);
const files = await readdir(folder);
const style = files.find((name) => /^main-.*\.css$/.test(name));
const icon = files.find((name) => /^icon-.*\.svg$/.test(name));

const html = (await readFile(join(here, "src/index.html"), "utf8"))
  .replace("{early}", BASE + theme)
  .replace("{style}", BASE + style)
  .replace("{icon}", BASE + icon)
  .replace("{main}", BASE + main)
  .replace("{preload}", scripts.slice(1).map((name) => `<link rel="modulepreload" href="${BASE}${name}">`).join("\n  "));
await writeFile(join(folder, "index.html"), html);
// An icon that was an entry leaves a script behind that nobody loads.
const first = ["index.html", theme, style, icon, ...scripts];
await writeFile(join(folder, "entry.json"), JSON.stringify({ first, packages: [...packages].sort() }));
