const retry = require('retry');
module.exports = async () => {
  const operation = retry.operation({ retries: 4, factor: 2, minTimeout: 1, maxTimeout: 5 });
  const log = [];
  const result = await new Promise((resolve) => {
    operation.attempt((current) => {
      log.push(current);
      if (operation.retry(current < 3 ? new Error(`try ${current % 2}`) : null)) return;
      resolve('well');
    });
  });
  return [result, log, operation.attempts(), operation.mainError().message, operation.errors().length, retry.timeouts({ retries: 4, minTimeout: 100, factor: 3 }), retry.createTimeout(2, { factor: 2, minTimeout: 10, maxTimeout: 30 })];
};
