// Joins the modules that a hook requires into one script of CommonJS, for QuickJS-ng.
//   node bundle.mjs ESBUILD WORK
// ESBUILD is esbuild's lib/main.js. WORK/request.json says what to join, WORK/node_modules has it; the answer is
// WORK/answer.json, or its `errors`. No code of the modules runs here: esbuild only reads it.
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { join, sep } from 'node:path';

const [main, work] = process.argv.slice(2);
const esbuild = createRequire(import.meta.url)(main);
const root = await realpath(work);
const inside = join(root, 'node_modules') + sep;
const { entries, bytes, most } = JSON.parse(await readFile(join(root, 'request.json'), 'utf8'));

const BUILTINS = new Set(builtinModules);
// Who requires one of these loads machine code.
const LOADERS = new Set(['bindings', 'node-gyp-build', 'node-gyp-build-optional-packages', 'node-pre-gyp', '@mapbox/node-pre-gyp', 'prebuild-install', 'ffi-napi']);
const LOADS = { '.js': 'js', '.cjs': 'js', '.mjs': 'js', '.json': 'json', '': 'js' };
const SOURCE_MAP = /^\/\/[#@]\s*sourceMappingURL=.*$/gm;

// Without a prototype: a module may require what is called as one of an object's own methods is.
const builtins = { __proto__: null }; // name -> who requires it
const missing = { __proto__: null }; // likewise, what no package has
const optional = { __proto__: null }; // likewise, where who requires it can do without
const native = { __proto__: null }; // folder of a package -> why
let read = 0;
let noted = 0;
// Characters of all these names: they are kept with the hook, as its script is.
const MOST_NOTED = 1 << 19;

function folderOf(path) {
  const at = path.lastIndexOf('node_modules' + sep);
  if (at < 0) return '';
  const [first, second] = path.slice(at + 13).split(sep);
  return path.slice(0, at + 13) + (first.startsWith('@') ? join(first, second) : first);
}

function within(path) {
  return path.startsWith(root + sep) ? path.slice(root.length + 1).replaceAll(sep, '/') : path;
}

function note(notes, name, importer) {
  const folder = within(folderOf(importer));
  if ((notes[name] ??= []).includes(folder)) return;
  noted += name.length + folder.length;
  if (noted <= MOST_NOTED) notes[name].push(folder);
}

// Its package says so, or it tries: most who require what need not be there do one of the two.
async function isOptional(path, base, importer) {
  const folder = folderOf(importer);
  if (!folder) return false;
  const { optionalDependencies, peerDependenciesMeta } = await readFile(join(folder, 'package.json'), 'utf8').then(JSON.parse).catch(() => ({}));
  if (optionalDependencies?.[base] !== undefined || peerDependenciesMeta?.[base]?.optional === true) return true;
  const text = await readFile(importer, 'utf8').catch(() => '');
  for (const [, name] of text.matchAll(/\btry\s*\{[^{}]{0,500}?\brequire\(\s*["'`]([^"'`]{1,300})["'`]\s*\)/g)) if (name === path) return true;
  return false;
}

const ASKED = Symbol('asked');
const resolving = {
  name: 'resolving',
  setup(build) {
    build.onResolve({ filter: /.*/ }, async (asked) => {
      if (asked.pluginData === ASKED || asked.kind === 'entry-point') return undefined;
      const name = asked.path.replace(/^node:/, '');
      if (BUILTINS.has(name) || asked.path.startsWith('node:')) {
        note(builtins, name, asked.importer);
        return { path: asked.path, external: true };
      }
      const base = name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');
      if (LOADERS.has(base)) native[within(folderOf(asked.importer))] = `it requires ${base}`;
      const { importer, namespace, resolveDir, kind } = asked;
      const found = await build.resolve(asked.path, { importer, namespace, resolveDir, kind, pluginData: ASKED });
      // What lies in a folder above this one, by chance or by intent, is not installed.
      const there = found.errors.length === 0 && (await realpath(found.path).catch(() => '')).startsWith(inside);
      if (!there) {
        // Node would not find it either, but only who comes to that line would learn it.
        note(await isOptional(asked.path, base, asked.importer) ? optional : missing, asked.path, asked.importer);
        return { path: asked.path, external: true };
      }
      return undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
      const file = await realpath(path);
      if (!file.startsWith(inside)) return { errors: [{ text: 'It lies outside of the installed modules' }] };
      const ending = /(?:\.[^./\\]*)?$/.exec(file)[0];
      if (ending === '.node') {
        native[within(folderOf(file))] = `it loads ${within(file)}`;
        return { contents: '' };
      }
      const loader = Object.hasOwn(LOADS, ending) ? LOADS[ending] : undefined;
      if (loader === undefined) return { errors: [{ text: `A file ${ending} is no JavaScript` }] };
      if ((read += (await stat(file)).size) > bytes) return { errors: [{ text: 'too large' }] };
      const text = await readFile(file, 'utf8');
      return { contents: loader === 'js' ? text.replace(SOURCE_MAP, '') : text, loader };
    });
  },
};

async function addons(folders) {
  for (const folder of folders) {
    const there = await stat(join(root, folder, 'binding.gyp')).catch(() => undefined);
    if (there) native[folder] ??= 'it has a binding.gyp';
  }
}

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]));

// The source map as rows of four numbers: line (from 0) and column (from 0) in the script, source, line (from 1) in it.
// A row stands for all that follows up to the next one.
function* places(mappings) {
  let source = 0, line = 0, last = '';
  for (const [at, segments] of mappings.split(';').entries()) {
    let column = 0;
    for (const segment of segments ? segments.split(',') : []) {
      const [a, b, c] = numbers(segment);
      column += a;
      if (b === undefined) continue;
      source += b;
      line += c;
      if (last !== (last = `${at} ${source} ${line}`)) yield [at, column, source, line + 1];
    }
  }
}

function numbers(segment) {
  const found = [];
  let value = 0, shift = 0;
  for (const char of segment) {
    const digit = DIGITS.get(char);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    found.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = shift = 0;
  }
  return found;
}

async function answer() {
  const table = Object.entries(entries).map(([name, path]) => `${JSON.stringify(name)}: () => require(${JSON.stringify(path)})`);
  const made = await esbuild.build({
    absWorkingDir: root,
    stdin: { contents: `module.exports = { __proto__: null, ${table} };`, resolveDir: root, sourcefile: 'hookd' },
    outfile: join(root, 'modules.js'),
    write: false,
    bundle: true,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    mainFields: ['main', 'module'],
    target: 'es2023',
    define: { 'process.env.NODE_ENV': '"production"' },
    tsconfigRaw: '{}',
    sourcemap: 'external',
    sourcesContent: false,
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    logLimit: 10,
    plugins: [resolving],
  });
  if (noted > MOST_NOTED) return { errors: [{ text: 'too many names' }], native };
  const [map, script] = made.outputFiles;
  // Before more is made of it, which the service would have to read.
  if (script.contents.length > most) return { size: script.contents.length, native };
  const sizes = { __proto__: null };
  for (const [path, { bytesInOutput }] of Object.entries(Object.values(made.metafile.outputs).find((output) => output.inputs && Object.keys(output.inputs).length > 0).inputs)) {
    const folder = folderOf(path.replaceAll('/', sep)).replaceAll(sep, '/');
    if (folder) sizes[folder] = (sizes[folder] ?? 0) + bytesInOutput;
  }
  await addons(Object.keys(sizes));
  const { sources, mappings } = JSON.parse(map.text);
  return { code: script.text, sources, places: [...places(mappings)].flat(), sizes, builtins, missing, optional, native };
}

let said;
try {
  said = await answer();
} catch (error) {
  if (!error.errors) throw error;
  const errors = error.errors.map(({ text, location }) => ({ text, file: location?.file ?? '', line: location?.line ?? 0 }));
  said = { errors, native };
}
await writeFile(join(root, 'answer.json'), JSON.stringify(said));
