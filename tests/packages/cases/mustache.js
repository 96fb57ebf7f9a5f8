const Mustache = require('mustache');
module.exports = () => [
  Mustache.render('{{title}} {{{raw}}} {{#users}}{{name}}{{^last}}, {{/last}}{{/users}}{{^none}}nobody{{/none}}{{! gone }} {{at.city}} {{> part}}', { title: 'a<b', raw: '<i>', users: [{ name: 'ann' }, { name: 'bob', last: true }], none: [], at: { city: 'Bern' } }, { part: '[{{title}}]' }),
  Mustache.render('{{#bold}}Hi {{name}}{{/bold}}', { name: 'x', bold: () => (text, render) => `<b>${render(text)}</b>` }),
  Mustache.render('<% a %>', { a: 1 }, {}, ['<%', '%>']),
  Mustache.parse('{{#a}}{{b}}{{/a}}')[0].slice(0, 2),
  Mustache.render('{{#list}}{{.}}{{/list}}', { list: [1, 2] }),
];
