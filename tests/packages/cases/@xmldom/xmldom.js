const { DOMParser, XMLSerializer, DOMImplementation } = require('@xmldom/xmldom');
module.exports = () => {
  const document = new DOMParser().parseFromString('<a xmlns="urn:x" xmlns:s="urn:s"><s:b id="1">t &amp; u</s:b><c/><!-- no --></a>', 'text/xml');
  const b = document.getElementsByTagNameNS('urn:s', 'b')[0];
  const seen = [b.textContent, b.getAttribute('id'), b.localName, b.namespaceURI, document.documentElement.childNodes.length];
  const made = document.createElementNS('urn:x', 'd');
  made.setAttribute('k', 'a"<');
  made.appendChild(document.createTextNode('x < y'));
  document.documentElement.replaceChild(made, b);
  let wrong;
  try {
    new DOMParser({ onError: () => {} }).parseFromString('', 'text/xml');
  } catch (error) {
    wrong = error.name;
  }
  const empty = new DOMImplementation().createDocument('urn:r', 'r:root');
  empty.documentElement.setAttribute('z', '1');
  return [seen, new XMLSerializer().serializeToString(document), wrong, String(empty)];
};
