const { Cookie, CookieJar, domainMatch, pathMatch } = require('tough-cookie');
module.exports = async () => {
  const jar = new CookieJar();
  await jar.setCookie('sid=abc; Path=/; HttpOnly; Secure', 'https://app.example.com/login');
  await jar.setCookie('wide=1; Domain=example.com; Path=/', 'https://app.example.com/');
  await jar.setCookie('deep=2; Path=/admin', 'https://app.example.com/admin/x');
  const refused = await jar.setCookie('bad=1; Domain=com', 'https://app.example.com/').catch((error) => error.message);
  const parsed = Cookie.parse('k=v w; Domain=.Example.com; Max-Age=10; SameSite=Lax');
  return [await jar.getCookieString('https://app.example.com/'), await jar.getCookieString('http://app.example.com/admin/y'), (await jar.getCookies('https://other.example.com/')).map((one) => one.key), refused, [parsed.key, parsed.value, parsed.domain, parsed.maxAge, parsed.sameSite], domainMatch('a.b.com', 'b.com'), pathMatch('/a/b', '/a'), (await jar.serialize()).cookies.length];
};
