const Ajv = require('ajv');
const addFormats = require('ajv-formats');
module.exports = () => {
  const ajv = addFormats(new Ajv({ allErrors: true }), ['email', 'date', 'date-time', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname', 'time', 'duration', 'json-pointer', 'byte']);
  const samples = { email: ['a@b.example', 'a@'], date: ['2024-02-29', '2023-02-29'], 'date-time': ['2024-01-01T10:00:00Z', '2024-01-01'], uri: ['https://a.example/x?y#z', 'not a uri'], uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'x'], ipv4: ['1.2.3.4', '1.2.3.400'], ipv6: ['::1', ':::'], hostname: ['a-b.example', '-a'], time: ['10:00:00Z', '25:00:00Z'], duration: ['P1DT2H', 'P'], 'json-pointer': ['/a/0', 'a'], byte: ['YQ==', 'a'] };
  return Object.entries(samples).map(([format, values]) => [format, values.map((value) => ajv.validate({ type: 'string', format }, value))]);
};
