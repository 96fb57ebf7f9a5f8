const pluralize = require('pluralize');
module.exports = () => {
  pluralize.addIrregularRule('irregular', 'regular');
  pluralize.addUncountableRule('paper');
  return [pluralize('test', 5, true), pluralize('person', 2), pluralize.singular('mice'), pluralize.plural('Octopus'), pluralize.isPlural('oxen'), pluralize('irregular'), pluralize.plural('paper'), pluralize('FISH', 2), pluralize.singular('analyses')];
};
