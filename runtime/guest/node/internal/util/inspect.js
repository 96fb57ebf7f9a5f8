// util.inspect: the one that console uses, js/inspect/.
'use strict';
const { inspect: show, format } = native;
const custom = Symbol.for('nodejs.util.inspect.custom');
const { ERR_INVALID_ARG_TYPE } = require('internal/errors').codes;

const defaultOptions = {
  showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000,
  breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
};
let defaults = defaultOptions;

// (value, options), or as it was: (value, showHidden, depth, colors).
function inspect(value, options) {
  let wanted = options;
  if (arguments.length >= 2 && (typeof options !== 'object' || options === null)) {
    wanted = {};
    if (arguments.length >= 3 && arguments[2] !== undefined) wanted.depth = arguments[2];
    if (options !== undefined) wanted.showHidden = options;
  }
  return show(value, defaults === defaultOptions ? wanted : { ...defaults, ...wanted }, inspect);
}

function formatWithOptions(options, ...args) {
  if (typeof options !== 'object' || options === null) throw new ERR_INVALID_ARG_TYPE('inspectOptions', 'object', options);
  return format(args, options);
}

const ansi = new RegExp('[\\u001B\\u009B][[\\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\\d\\/\\#&.:=?%@~_]+)*' +
  '|[a-zA-Z\\d]+(?:;[-a-zA-Z\\d\\/\\#&.:=?%@~_]*)*)?(?:\\u0007|\\u001B\\u005C|\\u009C))' +
  '|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PR-TZcf-ntqry=><~]))', 'g');

function stripVTControlCharacters(text) {
  if (typeof text !== 'string') throw new ERR_INVALID_ARG_TYPE('str', 'string', text);
  return text.replace(ansi, '');
}

const colors = {
  __proto__: null,
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28],
  strikethrough: [9, 29], doubleunderline: [21, 24], black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39],
  magenta: [35, 39], cyan: [36, 39], white: [37, 39], bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49],
  bgBlue: [44, 49], bgMagenta: [45, 49], bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55], gray: [90, 39],
  redBright: [91, 39], greenBright: [92, 39], yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39], cyanBright: [96, 39],
  whiteBright: [97, 39], bgGray: [100, 49], bgRedBright: [101, 49], bgGreenBright: [102, 49], bgYellowBright: [103, 49],
  bgBlueBright: [104, 49], bgMagentaBright: [105, 49], bgCyanBright: [106, 49], bgWhiteBright: [107, 49],
};
for (const [alias, name] of [['grey', 'gray'], ['blackBright', 'gray'], ['bgGrey', 'bgGray'], ['bgBlackBright', 'bgGray'], ['faint', 'dim'],
  ['crossedout', 'strikethrough'], ['strikeThrough', 'strikethrough'], ['crossedOut', 'strikethrough'], ['conceal', 'hidden'],
  ['swapColors', 'inverse'], ['swapcolors', 'inverse'], ['doubleUnderline', 'doubleunderline']]) {
  Object.defineProperty(colors, alias, { get() { return this[name]; }, set(value) { this[name] = value; }, configurable: true, enumerable: false });
}

inspect.custom = custom;
Object.defineProperty(inspect, 'defaultOptions', {
  get: () => defaults,
  set(options) {
    if (options === null || typeof options !== 'object') throw new ERR_INVALID_ARG_TYPE('options', 'object', options);
    defaults = { ...defaults, ...options };
  },
});
inspect.colors = colors;
inspect.styles = {
  __proto__: null, special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold', string: 'green',
  symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
};

module.exports = {
  inspect,
  format: (...args) => format(args),
  formatWithOptions,
  stripVTControlCharacters,
  getStringWidth: (text) => text.length,
  isError: (value) => value instanceof Error,
  identicalSequenceRange: () => ({ len: 0, offset: 0 }),
};
