const Negotiator = require('negotiator');
module.exports = () => {
  const wants = new Negotiator({ headers: { accept: 'text/html;q=0.8, application/json, */*;q=0.1', 'accept-language': 'de-CH, de;q=0.9, en;q=0.5', 'accept-encoding': 'gzip, br;q=0.5, identity;q=0', 'accept-charset': 'utf-8, iso-8859-1;q=0.2' } });
  return [wants.mediaTypes(), wants.mediaType(['text/html', 'application/json']), wants.languages(['en', 'de', 'fr']), wants.language(), wants.encodings(['gzip', 'identity', 'br']), wants.charsets()];
};
