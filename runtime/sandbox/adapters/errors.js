// The error classes whose second argument is for end users (contract 0). Only in hooks that name one: the classes of the
// starter code are in every hook's memory, see guest/js/prelude.js. An expression; written into line 0, so no comment
// stands behind code.
((names, { defineProperty }, { captureStackTrace }, Base) => {
  const hidden = (object, name, value) => {
    defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  };
  names.forEach((name) => {
    const Kind = { [name]: class extends Base {
      constructor(message, friendlyMessage = message) {
        super(message);
        hidden(this, 'name', name);
        this.friendlyMessage = friendlyMessage;
        captureStackTrace(this, Kind);
      }
    } }[name];
    hidden(globalThis, name, Kind);
  });
})(['PreUserRegistrationError', 'SendPhoneMessageError'], Object, Error, ExtensibilityUserError)
