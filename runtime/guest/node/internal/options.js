// No option was given.
'use strict';
module.exports = {
  getOptionValue: () => undefined,
  getEmbedderOptions: () => ({}),
  getAllowUnauthorized: () => false,
  refreshOptions() {},
};
