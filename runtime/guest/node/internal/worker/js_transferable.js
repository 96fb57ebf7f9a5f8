// Nothing is transferred anywhere.
'use strict';
module.exports = {
  makeTransferable: (object) => object,
  kClone: Symbol('kClone'),
  kDeserialize: Symbol('kDeserialize'),
};
