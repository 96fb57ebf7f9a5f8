const { DOMParser, XMLSerializer } = require('xmldom');
module.exports = () => {
  const document = new DOMParser().parseFromString('<xml xmlns="a" xmlns:c="./lite">\n<child>test &amp; &lt;</child><child c:k="v"/></xml>', 'text/xml');
  document.documentElement.setAttribute('x', 'y');
  document.documentElement.setAttributeNS('./lite', 'c:x', 'y2');
  const children = document.getElementsByTagName('child');
  const seen = [children.length, children[0].firstChild.nodeValue, children[1].getAttributeNS('./lite', 'k'), document.documentElement.getAttributeNS('./lite', 'x')];
  children[0].parentNode.removeChild(children[0]);
  return [seen, new XMLSerializer().serializeToString(document)];
};
