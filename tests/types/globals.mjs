// What hookd.d.ts declares, as the TypeScript compiler sees it: node globals.mjs TYPESCRIPT HOOKD.D.TS. Standard output has for each
// global value that JavaScript itself has not: {name: {kind, own, members}}, its own names and those of what `new` makes of it;
// and JavaScript's own under "".
import { createRequire } from "node:module";

const [, , typescript, file] = process.argv;
const ts = createRequire(import.meta.url)(typescript);
const program = ts.createProgram([file], { target: ts.ScriptTarget.ES2023, lib: ["lib.es2023.d.ts"], types: [], strict: true });
const checker = program.getTypeChecker();
const source = program.getSourceFile(file);
const isOurs = ({ declarations = [], parent }) =>
  parent?.name !== "ErrorConstructor" && (!declarations.length || declarations.some((one) => one.getSourceFile() === source));
const names = (type) => type.getProperties().filter(isOurs).map(({ name }) => name).filter((name) => !name.startsWith("__@") && name !== "prototype");

const found = { "": [] };
for (const symbol of checker.getSymbolsInScope(source.endOfFileToken, ts.SymbolFlags.Value)) {
  const declarations = symbol.declarations ?? [];
  const ours = declarations.some((one) => one.getSourceFile() === source && !(one.flags & ts.NodeFlags.Namespace));
  if (!ours) found[""].push(symbol.name);
  else if (symbol.name !== "Guest") {
    const type = checker.getTypeOfSymbolAtLocation(symbol, source);
    const made = type.getConstructSignatures().length || type.getProperty("prototype");
    const instance = type.getProperty("prototype") ? checker.getTypeOfSymbolAtLocation(type.getProperty("prototype"), source) : undefined;
    const kind = made || type.getCallSignatures().length ? "function" : type.flags & ts.TypeFlags.String ? "string" : "object";
    found[symbol.name] = { kind, own: kind === "string" ? [] : names(type), members: instance && !(instance.flags & ts.TypeFlags.Any) ? names(instance) : [] };
  }
}
process.stdout.write(JSON.stringify(found));
