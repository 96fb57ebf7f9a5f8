const hook: import('./hookd').PasswordExchange = (user, client, scope, audience, context, cb) => {
  cb(null, { accessToken: { scope }, idToken: { 'https://example.com/email': user.email } });
};
module.exports = hook;
