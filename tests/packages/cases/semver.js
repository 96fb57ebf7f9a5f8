const semver = require('semver');
module.exports = () => [
  semver.valid(' =v1.2.3-beta.1 '),
  semver.satisfies('1.4.0', '^1.2.3 || >=2.5.0 <3'),
  ['1.10.0', '1.9.9', '1.2.0-rc.1', '1.2.0'].sort(semver.compare),
  semver.maxSatisfying(['1.2.3', '1.9.0', '2.0.0'], '~1.2 || 1.x'),
  semver.inc('1.2.3', 'prerelease', 'beta'),
  semver.diff('1.2.3', '2.0.0'),
  semver.coerce('version 4.6 of it').version,
  new semver.Range('>=1.2 <2').format(),
];
