// assert.ok, without the source that Node quotes.
'use strict';
const AssertionError = require('internal/assert/assertion_error');
const { isError } = require('internal/util');

exports.innerOk = function innerOk(fn, argLen, value, message) {
  if (value) return;
  if (isError(message)) throw message;
  let generatedMessage = false;
  if (argLen === 0) {
    generatedMessage = true;
    message = 'No value argument passed to `assert.ok()`';
  } else if (message == null) {
    generatedMessage = true;
    message = 'The expression evaluated to a falsy value';
  }
  const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: fn });
  error.generatedMessage = generatedMessage;
  throw error;
};
