const { Builder, Parser, parseString, parseStringPromise } = require('xml2js');
module.exports = async () => {
  const text = '<?xml version="1.0"?><order id="7"><item sku="a">Apple &amp; pear</item><item sku="b"/><note><![CDATA[<b>]]></note></order>';
  const read = await parseStringPromise(text);
  const flat = await new Parser({ explicitArray: false, mergeAttrs: true, trim: true }).parseStringPromise(text);
  const wrong = await parseStringPromise('<a><b></a>').catch((error) => error.message.split('\n')[0]);
  let called;
  parseString('<x>1</x>', (error, result) => (called = [error, result]));
  return [read, flat, wrong, called, new Builder({ headless: true }).buildObject({ root: { $: { a: '1' }, item: ['x', { _: 'y<', $: { k: 'v' } }] } })];
};
