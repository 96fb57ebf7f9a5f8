const Handlebars = require('handlebars');
module.exports = () => {
  const here = Handlebars.create();
  here.registerHelper('loud', (text) => new Handlebars.SafeString(`<b>${Handlebars.escapeExpression(text).toUpperCase()}</b>`));
  here.registerHelper('list', (items, options) => items.map((item) => options.fn(item)).join('|'));
  here.registerPartial('row', '{{name}}{{#if admin}}*{{else}}-{{/if}}');
  const render = here.compile('{{title}} {{{raw}}} {{loud title}} {{#each users}}{{@index}}:{{> row}}{{#unless @last}}, {{/unless}}{{/each}} {{#with at}}{{city}}{{/with}} {{#list nums}}{{this}}{{/list}} {{!-- gone --}}{{lookup at "city"}}');
  return [render({ title: 'a<b', raw: '<i>', users: [{ name: 'ann', admin: true }, { name: 'bob' }], at: { city: 'Bern' }, nums: [1, 2] }), here.parse('{{a.b}}').body[0].type, here.compile('{{constructor.name}}')({ a: 1 })];
};
