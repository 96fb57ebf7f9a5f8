const { XMLBuilder, XMLParser, XMLValidator } = require('fast-xml-parser');
module.exports = () => {
  const text = '<?xml version="1.0"?><users count="2"><user id="1"><name>Ann &amp; B</name><age>36</age></user><user id="2"><name><![CDATA[<b>]]></name></user><!-- gone --></users>';
  const read = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' }).parse(text);
  const built = new XMLBuilder({ format: true, ignoreAttributes: false }).build({ root: { '@_a': '1', item: ['x', 'y<z'], empty: '' } });
  const wrong = XMLValidator.validate('<a><b></a>');
  return [read, built, XMLValidator.validate(text), wrong.err.code, wrong.err.line, new XMLParser({ preserveOrder: true }).parse('<p>a<b>c</b>d</p>')];
};
