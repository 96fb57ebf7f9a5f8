// Channels as Node has them, but for two things: a channel is kept for ever, and `bindStore` is missing, as AsyncLocalStorage is.
'use strict';
const { validateFunction } = require('internal/validators');
const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { apply } = Reflect;
const { nextTick } = require('process');
const channels = new Map();

class Channel {
  constructor(name) {
    this._subscribers = undefined;
    this.name = name;
  }
  get hasSubscribers() { return this._subscribers !== undefined; }
  subscribe(subscription) {
    validateFunction(subscription, 'subscription');
    this._subscribers = [...(this._subscribers ?? []), subscription];
  }
  unsubscribe(subscription) {
    const at = this._subscribers?.indexOf(subscription) ?? -1;
    if (at < 0) return false;
    const rest = this._subscribers.filter((_, i) => i !== at);
    this._subscribers = rest.length > 0 ? rest : undefined;
    return true;
  }
  publish(data) {
    for (const subscription of this._subscribers ?? []) {
      try {
        subscription(data, this.name);
      } catch (error) {
        nextTick(() => { throw error; });
      }
    }
  }
  runStores(data, run, self, ...args) {
    this.publish(data);
    return apply(run, self, args);
  }
}

function channel(name) {
  if (typeof name !== 'string' && typeof name !== 'symbol') throw new ERR_INVALID_ARG_TYPE('channel', ['string', 'symbol'], name);
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

class TracingChannel {
  constructor(given) {
    for (const event of EVENTS) this[event] = typeof given === 'string' ? channel(`tracing:${given}:${event}`) : given[event];
  }
  get hasSubscribers() { return EVENTS.some((event) => this[event]?.hasSubscribers); }
  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
  }
  unsubscribe(handlers) {
    return EVENTS.filter((event) => handlers[event]).every((event) => this[event].unsubscribe(handlers[event]));
  }
  traceSync(run, subject = {}, self, ...args) {
    this.start.publish(subject);
    try {
      return subject.result = apply(run, self, args);
    } catch (error) {
      subject.error = error;
      this.error.publish(subject);
      throw error;
    } finally {
      this.end.publish(subject);
    }
  }
  tracePromise(run, subject = {}, self, ...args) {
    const settle = (key, value) => {
      subject[key] = value;
      if (key === 'error') this.error.publish(subject);
      this.asyncStart.publish(subject);
      this.asyncEnd.publish(subject);
    };
    this.start.publish(subject);
    try {
      const promise = Promise.resolve(apply(run, self, args));
      return promise.then((value) => (settle('result', value), value), (error) => { settle('error', error); throw error; });
    } catch (error) {
      subject.error = error;
      this.error.publish(subject);
      throw error;
    } finally {
      this.end.publish(subject);
    }
  }
  traceCallback(run, position = -1, subject = {}, self, ...args) {
    const callback = args.at(position);
    validateFunction(callback, 'callback');
    const channels = this;
    args.splice(position, 1, function (error, result) {
      if (error) {
        subject.error = error;
        channels.error.publish(subject);
      } else {
        subject.result = result;
      }
      channels.asyncStart.publish(subject);
      try {
        return apply(callback, this, arguments);
      } finally {
        channels.asyncEnd.publish(subject);
      }
    });
    this.start.publish(subject);
    try {
      return apply(run, self, args);
    } catch (error) {
      subject.error = error;
      this.error.publish(subject);
      throw error;
    } finally {
      this.end.publish(subject);
    }
  }
}

Object.assign(exports, {
  Channel,
  channel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, subscription) => channel(name).subscribe(subscription),
  unsubscribe: (name, subscription) => channel(name).unsubscribe(subscription),
  tracingChannel: (given) => new TracingChannel(given),
});
