// TypeScript, and modules of JavaScript, to JavaScript: sucrase, run as a hook. typescript.py puts its modules before this.
// Called with a source; answers {code}, or {message, line, column} where it is not TypeScript (columns count from 1), with
// `unsupported` where it is, but not of the kind that only needs its types removed.
// What is removed leaves blanks, so that what remains stands in its line and, but for the first line of a module, its column.
const { parse } = require('./parser/index');
const parser = require('./parser/traverser/base');
const { TokenType: T } = require('./parser/tokenizer/types');
const { ContextualKeyword: K } = require('./parser/tokenizer/keywords');
const { default: TokenProcessor } = require('./TokenProcessor');
const { default: NameManager } = require('./NameManager');
const { HelperManager } = require('./HelperManager');
const { default: CJSImportProcessor } = require('./CJSImportProcessor');
const { default: identifyShadowedGlobals } = require('./identifyShadowedGlobals');
const { default: RootTransformer } = require('./transformers/RootTransformer');

const blank = (text) => text.replace(/[^\r\n]/g, ' ');

function remove() {
  const { start, end } = this.currentToken();
  this.appendCode(blank(this.previousWhitespaceAndComments()) + blank(this.code.slice(start, end)));
  this.resultMappings[this.tokenIndex] = this.resultCode.length;
  this.tokenIndex++;
}
TokenProcessor.prototype.removeInitialToken = remove;
TokenProcessor.prototype.removeToken = remove;

// A declaration of types ends the statement before it, also where that one has no semicolon of its own.
const DECLARES = [K._type, K._interface];
const removeTypes = RootTransformer.prototype.processPossibleTypeRange;
RootTransformer.prototype.processPossibleTypeRange = function () {
  const { isType, type, contextualKeyword } = this.tokens.currentToken();
  const declares = isType && (type === T._declare || (type === T.name && DECLARES.includes(contextualKeyword)));
  const before = this.tokens.resultCode.length + this.tokens.previousWhitespaceAndComments().length;
  const removed = removeTypes.call(this);
  if (removed && declares) {
    const code = this.tokens.resultCode;
    this.tokens.resultCode = code.slice(0, before) + ';' + code.slice(before + 1);
  }
  return removed;
};

class Unsupported extends Error {
  constructor(message, token) {
    super(message);
    this.pos = token.start;
    this.unsupported = true;
  }
}

// sucrase would leave decorators as they are, drop a namespace with all that it does, and stumble over the import.
function refuseWhatIsNotSupported(tokens) {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token.type === T.at) throw new Unsupported('Decorators are not supported', token);
    if (token.type === T._import && tokens[i + 1]?.contextualKeyword === K._type && tokens[i + 3]?.type === T.eq) {
      throw new Unsupported("'import type ... = require()' is not supported (but 'import type ... from' is)", token);
    }
    if (!token.isType) continue;
    if (token.type === T._declare && blockFollows(tokens, i + 1)) i = endOfBlock(tokens, i);
    else if (isNamespace(token) && blockFollows(tokens, i)) {
      throw new Unsupported("Namespaces are not supported (but 'declare namespace' is)", token);
    }
  }
}

function isNamespace(token) {
  return token.type === T.name && (token.contextualKeyword === K._namespace || token.contextualKeyword === K._module);
}

function blockFollows(tokens, at) {
  if (at >= tokens.length || (!isNamespace(tokens[at]) && tokens[at].contextualKeyword !== K._global)) return false;
  while (++at < tokens.length && [T.name, T.dot, T.string].includes(tokens[at].type));
  return tokens[at]?.type === T.braceL;
}

function endOfBlock(tokens, at) {
  for (let depth = 0; at < tokens.length; at++) {
    if (tokens[at].type === T.braceL) depth++;
    if (tokens[at].type === T.braceR && --depth === 0) break;
  }
  return at;
}

function parsed(source) {
  if (/\b(import|export)\b/.test(source)) {
    try {
      const { tokens, scopes } = parse(source, false, false, false); // a module of JavaScript: `f(a < b, c > (d))` has no types
      if (isModule(tokens)) return { tokens, scopes, typed: false };
    } catch {}
  }
  try {
    return { ...parse(source, false, true, false), typed: true };
  } catch (error) {
    refuseWhatIsNotSupported(parser.state.tokens); // the parser may have stumbled over just that
    throw error;
  }
}

function isModule(tokens) {
  return tokens.some(({ type }) => type === T._import || type === T._export);
}

function transform(source) {
  const { tokens, scopes, typed } = parsed(source);
  refuseWhatIsNotSupported(tokens);
  const transforms = [];
  if (typed) transforms.push('typescript');
  if (isModule(tokens)) transforms.push('imports');
  const options = { transforms, disableESTransforms: true };
  const nameManager = new NameManager(source, tokens);
  const helperManager = new HelperManager(nameManager);
  const tokenProcessor = new TokenProcessor(source, tokens, false, true, helperManager);
  let importProcessor = null;
  if (isModule(tokens)) {
    importProcessor = new CJSImportProcessor(nameManager, tokenProcessor, false, options, typed, false, helperManager);
    importProcessor.preprocessTokens();
    identifyShadowedGlobals(tokenProcessor, scopes, importProcessor.getGlobalNames());
    if (typed) importProcessor.pruneTypeOnlyImports();
  }
  try {
    const context = { tokenProcessor, scopes, nameManager, importProcessor, helperManager };
    return new RootTransformer(context, transforms, false, options).transform().code;
  } catch (error) {
    error.pos ??= (tokens[tokenProcessor.currentIndex()] ?? tokens[tokens.length - 1]).start;
    throw error;
  }
}

function place(source, pos) {
  const lines = source.slice(0, pos).split('\n');
  return { line: lines.length, column: lines[lines.length - 1].length + 1 };
}

function fault(source, error) {
  if (error instanceof RangeError) return { message: 'It is nested too deeply', unsupported: true };
  const { pos, unsupported } = error;
  if (unsupported) return { message: error.message, unsupported, ...place(source, pos) };
  let message = error.message.replace(/ \(\d+:\d+\)$/, '');
  if (message === 'Unexpected token') message = unexpected(source.slice(pos));
  return { message: `SyntaxError: ${message}`, ...(pos === undefined ? {} : place(source, pos)) };
}

function unexpected(rest) {
  const [token] = /^([\w$]+|\S?)/.exec(rest.trimStart());
  return token ? `Unexpected token '${token}'` : 'Unexpected end of input';
}

module.exports = function typescript(source, cb) {
  try {
    cb(null, { code: transform(source) });
  } catch (error) {
    cb(null, fault(source, error));
  }
};
