const uuid = require('uuid');
module.exports = () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
  const made = Array.from({ length: 50 }, () => uuid.v4());
  return [
    uuid.v5('https://tenant.example/users/1', uuid.v5.URL),
    uuid.v3('hello.example.com', uuid.v3.DNS),
    uuid.v4({ random: bytes }),
    uuid.v7({ random: bytes, msecs: 1700000000000, seq: 5 }),
    uuid.v1({ node: [1, 35, 69, 103, 137, 171], clockseq: 4660, msecs: 1300000000000, nsecs: 5678 }),
    uuid.validate('6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
    uuid.validate('6ba7b810'),
    uuid.version('6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
    Array.from(uuid.parse('6ba7b810-9dad-11d1-80b4-00c04fd430c8')),
    uuid.stringify(bytes),
    uuid.NIL,
    new Set(made).size,
    made.every((id) => uuid.validate(id) && uuid.version(id) === 4),
  ];
};
