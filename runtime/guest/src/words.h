/* Names that most hooks have, in their requests or in themselves: made before the library's, they lie where requests write. */
static const char *const words[] = {
  "access", "access_token", "accessToken", "action", "allow", "api", "app_metadata", "args", "asn", "audience", "auth0", "authentication",
  "authorization", "b", "body", "call", "callback", "cb", "city", "claims", "client", "client_id", "client_metadata", "clientId", "cityName",
  "connection", "connection_id", "configuration", "content-type", "context", "continentCode", "cookies", "countryCode", "countryCode3",
  "countryName", "created_at", "data", "deny", "done", "domain", "e", "email", "email_verified", "emailVerified", "err", "error", "event",
  "family_name", "geoip", "given_name", "grant_type", "groups", "headers", "host", "hostname", "i", "id", "idToken", "identities", "ip",
  "isSocial", "key", "language", "latitude", "list", "locale", "log", "login", "longitude", "message", "metadata", "method", "methods", "msg",
  "n", "name", "nickname", "options", "organization", "params", "password", "path", "permissions", "phone_number", "phoneNumber", "picture",
  "plan", "protocol", "provider", "query", "realm", "reason", "region", "request", "req", "res", "resource", "resource_server", "response",
  "result", "role", "roles", "s", "scope", "scopes", "secret", "secrets", "session", "stats", "status", "strategy", "tenant", "timeZone",
  "timestamp", "token", "transaction", "type", "updated_at", "url", "user", "user_agent", "user_id", "user_metadata", "userAgent", "user-agent",
  "username", "val", "value", "webtask", "x",
};
