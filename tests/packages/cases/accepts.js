const accepts = require('accepts');
module.exports = () => {
  const accept = accepts({ headers: { accept: 'text/*;q=.5, application/json', 'accept-encoding': 'gzip', 'accept-language': 'en;q=0.8, es, pt' } });
  return [accept.types(), accept.type('html'), accept.types('json', 'html'), accept.types(['png']), accept.encoding('gzip', 'deflate'), accept.languages(), accept.language(['en', 'pt']), accept.charsets()];
};
