// No output is a terminal.
'use strict';
module.exports = {
  blue: '', green: '', white: '', yellow: '', red: '', gray: '', clear: '', reset: '', undefined: '', hasColors: false,
  shouldColorize: () => false,
  refresh() {},
};
