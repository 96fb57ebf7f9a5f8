// What scenarios of both kinds begin with.

export const REQUEST = {
  client: { tenant: "demo", id: "shop", name: "Shop", metadata: { plan: "gold" } },
  scope: ["read:orders"],
  audience: "https://api.example.com/",
  context: { ip: "203.0.113.7", userAgent: "test" },
};
export const EXECUTE = "/api/v1/triggers/credentials-exchange/execute";
export const PLAIN = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope });\n";

/** A disabled one, unless `more` says otherwise. */
export async function makeHook(api, name, script = PLAIN, more = {}) {
  return api("POST", "/api/v2/hooks", { name, script, triggerId: "credentials-exchange", enabled: false, ...more });
}
