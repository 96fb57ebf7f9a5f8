// A view: the options of one call of `inspect`, and where in the text and in the value it is. It goes through all that
// shows a value, as `view`.

const defaults = {
  __proto__: null,
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
};

function newView(options) {
  const view = {
    __proto__: defaults,
    own: typeof options === 'object' && options !== null ? options : {},
    indentation: 0,
    level: 0, // of what was begun last
    path: list(), // the objects that we are in
    circular: list(), // those that were met again
    written: 0,
    isCustomRunning: false,
  };
  for (const name in defaults) if (hasOwn(view.own, name)) view[name] = view.own[name];
  if (typeof options === 'boolean') view.showHidden = options;
  if (view.maxArrayLength === null) view.maxArrayLength = 1 / 0;
  if (view.maxStringLength === null) view.maxStringLength = 1 / 0;
  return view;
}

// The options as a user's own inspect function gets them.
function optionsOf(view) {
  const options = {};
  for (const name in defaults) define(options, name, view[name]);
  const names = enumerableNames(view.own);
  for (let i = 0; i < names.length; i++) if (!(names[i] in defaults)) define(options, names[i], view.own[names[i]]);
  define(options, 'stylize', toText);
  return options;
}

function define(object, name, value) {
  defineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}
