const ejs = require('ejs');
module.exports = async () => [
  ejs.render('<% for (const user of users) { -%>\n<li><%= user.name %> <%- user.raw %></li>\n<% } -%><%# gone %><%% literal', { users: [{ name: '<Ann>', raw: '<b>' }, { name: 'Bob', raw: '' }] }),
  ejs.compile('Hi <?= name ?>', { delimiter: '?' })({ name: 'x' }),
  await ejs.render('<%= await later %>', { later: Promise.resolve('done') }, { async: true }),
  ejs.render('<%= it.a %>', { a: 5 }, { strict: true, localsName: 'it' }),
  ejs.escapeXML('<&">'),
];
