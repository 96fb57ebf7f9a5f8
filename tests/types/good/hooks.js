// One hook in one file can only be of one extensibility point; what counts here are the types.

/** @type {import('./hookd').CredentialsExchange} */
const credentialsExchange = function (client, scope, audience, context, cb) {
  if (!context.ip || context.userAgent === 'bot') return cb(new InvalidRequestError('No.'));
  const { API_KEY } = context.webtask.secrets;
  console.log('%s asks for %s with %d', client.name, audience, API_KEY.length);
  const access_token = {};
  access_token['https://example.com/plan'] = client.metadata.plan;
  access_token.scope = [...scope, 'extra'];
  setTimeout(() => cb(null, access_token), 5);
};

/** @type {import('./hookd').PasswordExchange} */
const passwordExchange = async (user, client, scope) => ({
  accessToken: { scope: scope.filter((name) => name !== client.id), 'https://example.com/roles': user.app_metadata.roles },
  idToken: { 'https://example.com/name': user.displayName },
});

/** @type {import('./hookd').PasswordExchange} */
const flat = (user, client, scope, audience, context, cb) => cb(null, { scope, 'http://example.com/id': user.id });

/** @type {import('./hookd').PreUserRegistration} */
const preUserRegistration = function (user, context, cb) {
  if (!user.email || context.connection.name === 'closed') {
    return cb(new PreUserRegistrationError('closed to ' + user.email, 'Please come back later.'));
  }
  user.user_metadata = { ...user.user_metadata, locale: context.requestLanguage };
  cb(null, { user });
};

/** @type {import('./hookd').PostUserRegistration} */
const postUserRegistration = (user, context, cb) => {
  console.info(user.id.toUpperCase(), context.secrets.TARGET);
  cb();
};

/** @type {import('./hookd').PostChangePassword} */
const postChangePassword = (user, context, cb) => cb(null, { at: user.last_password_reset, by: context.connection.name });

/** @type {import('./hookd').SendPhoneMessage} */
const sendPhoneMessage = function (recipient, text, context, cb) {
  if (context.message_type === 'voice') return cb(new SendPhoneMessageError('no voice'));
  cb(null, { MessageID: recipient + context.code + text.length });
};

module.exports = {
  credentialsExchange, passwordExchange, flat, preUserRegistration, postUserRegistration, postChangePassword, sendPhoneMessage,
};
