const { Parser, parseDocument, DomUtils } = require('htmlparser2');
module.exports = () => {
  const events = [];
  const parser = new Parser({ onopentag: (name, attributes) => events.push([name, attributes]), ontext: (text) => events.push(text), onclosetag: (name) => events.push(`/${name}`) }, { decodeEntities: true });
  parser.write('<p class="a">Hi &amp; <b>b');
  parser.write('ye</b><br><!-- x --><img src=x>&euro;');
  parser.end();
  const tree = parseDocument('<ul><li id="one">1</li><li>2</li></ul><script>a < b</script>');
  return [events, DomUtils.getElementsByTagName('li', tree).map((node) => DomUtils.textContent(node)), DomUtils.getOuterHTML(tree), DomUtils.getElementById('one', tree, true).attribs];
};
