// Codes go only to countries where we have customers; calls only in an emergency: a voice message costs ten times as much.
const COUNTRIES = ['+1', '+49', '+81'];

/** @type {import('./hookd').SendPhoneMessage} */
module.exports = function (recipient, text, context, cb) {
  if (!COUNTRIES.some((prefix) => recipient.startsWith(prefix))) {
    return cb(new SendPhoneMessageError(`no messages to ${recipient.slice(0, 4)}...`, 'We can not reach this number.'));
  }
  if (context.message_type === 'voice' && context.action === 'enrollment') {
    return cb(new Error('no calls for an enrollment'));
  }
  cb(null, {});
};
