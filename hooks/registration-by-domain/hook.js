// Who signs up with a company address starts on the company's plan; throw-away addresses are refused.
const THROWN_AWAY = ['mailinator.example', 'trash.example'];

/** @type {import('./hookd').PreUserRegistration} */
module.exports = function (user, context, cb) {
  const domain = (String(user.email).split('@').pop() ?? '').toLowerCase();
  if (THROWN_AWAY.includes(domain)) {
    return cb(new PreUserRegistrationError(`throw-away address at ${domain}`, 'Please sign up with another address.'));
  }
  const plan = domain === context.webtask.secrets.COMPANY_DOMAIN ? 'company' : 'trial';
  cb(null, { user: { app_metadata: { plan }, user_metadata: { language: context.requestLanguage } } });
};
