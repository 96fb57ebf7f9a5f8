// Follows a tail as a browser would, and writes what it gets: a line of JSON for each event. It comes back by itself.
import { createRequire } from 'node:module';

const { EventSource } = createRequire(`${process.env.MODULES}/`)('eventsource');
const { URL: address, TOKEN: token } = process.env;
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const source = new EventSource(address, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } }),
});
source.onopen = () => say({ open: true });
source.onerror = (error) => say({ closed: error.message ?? null });
source.onmessage = (event) => say({ id: event.lastEventId, client: JSON.parse(event.data).client });
source.addEventListener('missed', (event) => say({ missed: JSON.parse(event.data).missed }));
