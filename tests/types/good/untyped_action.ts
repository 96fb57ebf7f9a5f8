/// <reference path="./hookd.d.ts" />
exports.onExecuteCredentialsExchange = async (event, api) => {
  api.accessToken.addScope(event.client.name);
};
