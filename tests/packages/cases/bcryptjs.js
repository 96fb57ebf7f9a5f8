const bcrypt = require('bcryptjs');
module.exports = async () => {
  const known = '$2a$04$Z8Dl8cI0LQSNFvoMDvTTXeRnSTyvHJaV9EpFMhiUHqzEPkPhXjh0W';
  const salt = '$2b$04$......................';
  const made = bcrypt.hashSync('bacon', bcrypt.genSaltSync(4));
  return [bcrypt.hashSync('bacon', salt), await bcrypt.hash('päss', salt), bcrypt.compareSync('bacon', made), await bcrypt.compare('veggies', made), bcrypt.getRounds(known), bcrypt.getSalt(known), made.length];
};
