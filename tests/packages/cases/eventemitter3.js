const EventEmitter = require('eventemitter3');
module.exports = () => {
  const said = [];
  const emitter = new EventEmitter();
  const on = function (...words) { said.push([this.name, ...words]); };
  emitter.on('a', on, { name: 'x' }).once('a', on, { name: 'y' });
  const results = [emitter.emit('a', 1, 2), emitter.emit('a', 3), emitter.emit('b')];
  emitter.off('a', on, { name: 'z' });
  const count = emitter.listenerCount('a');
  emitter.removeAllListeners();
  return [said, results, count, emitter.eventNames()];
};
