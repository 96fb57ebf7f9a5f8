const { Marked, lexer, marked } = require('marked');
module.exports = () => {
  const text = '# Title\n\nSome *emphasis*, **strong**, `code <x>` and [a link](https://example.com "t").\n\n- one\n- [x] two\n  1. nested\n\n> quote\n\n```js\nlet a = 1 < 2;\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n<b>raw</b> ~~gone~~ https://auto.example\n';
  const own = new Marked({ renderer: { heading({ tokens, depth }) { return `[${depth}:${this.parser.parseInline(tokens)}]`; } } });
  return [marked.parse(text), own.parse('## Hi *you*'), lexer('a\n\n---').map((token) => token.type), marked.parseInline('**b**'), marked.parse('a\nb', { breaks: true })];
};
