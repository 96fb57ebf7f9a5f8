/** @type {import('./hookd').OnExecuteCredentialsExchange} */
exports.onExecuteCredentialsExchange = async (event, api) => {
  const kept = api.cache.get(event.client.client_id);
  if (!event.request.ip) return void api.access.deny('invalid_request', 'No address.');
  api.accessToken.setCustomClaim('https://example.com/plan', event.client.metadata.plan).accessToken.addScope('extra');
  event.transaction.requested_scopes.forEach((scope) => api.accessToken.removeScope(scope));
  if (kept === undefined) api.cache.set(event.client.client_id, event.secrets.API_KEY, { ttl: 60000 });
  else console.debug(kept.value, new Date(kept.expires_at), event.resource_server.identifier, event.tenant.id);
};

/** @type {import('./hookd').OnExecutePostLogin} */
exports.onExecutePostLogin = async (event, api) => {
  if (event.stats.logins_count > 100 || !event.user.email_verified) api.access.deny('too often');
  else api.idToken.setCustomClaim('https://example.com/roles', event.authorization.roles);
};

/** @type {import('./hookd').OnExecutePreUserRegistration} */
exports.onExecutePreUserRegistration = async (event, api) => {
  api.user.setUserMetadata('language', event.request.language).user.setAppMetadata('from', event.connection.name);
  if (event.user.email?.endsWith('.invalid')) api.validation.error('bad_email', 'Is this your address?');
};

/** @type {import('./hookd').OnExecutePostUserRegistration} */
exports.onExecutePostUserRegistration = async (event) => console.log(event.user.user_id);

/** @type {import('./hookd').OnExecutePostChangePassword} */
exports.onExecutePostChangePassword = (event, api) => void api.cache.delete(event.user.user_id);

/** @type {import('./hookd').OnExecuteSendPhoneMessage} */
exports.onExecuteSendPhoneMessage = async (event) => {
  const { recipient, text, message_type } = event.message_options;
  console.log(recipient, text, message_type === 'sms' ? 1 : 2, performance.now(), btoa(text));
};
