/**
 * Node's own modules, as far as the sandbox has them, for `import` and `require`; of the type any. What else Node has throws
 * there, and a hook with `engine = "node"` has the types of npm's @types/node.
 *
 * Written by `hookd types`, which replaces it: changes belong elsewhere.
 */

declare module 'assert';
declare module 'assert/strict';
declare module 'async_hooks';
declare module 'buffer';
declare module 'constants';
declare module 'crypto';
declare module 'diagnostics_channel';
declare module 'events';
declare module 'http';
declare module 'https';
declare module 'os';
declare module 'path';
declare module 'path/posix';
declare module 'path/win32';
declare module 'process';
declare module 'punycode';
declare module 'querystring';
declare module 'stream';
declare module 'stream/promises';
declare module 'string_decoder';
declare module 'sys';
declare module 'timers';
declare module 'timers/promises';
declare module 'tty';
declare module 'url';
declare module 'util';
declare module 'util/types';
declare module 'zlib';

declare module 'node:assert';
declare module 'node:assert/strict';
declare module 'node:async_hooks';
declare module 'node:buffer';
declare module 'node:constants';
declare module 'node:crypto';
declare module 'node:diagnostics_channel';
declare module 'node:events';
declare module 'node:http';
declare module 'node:https';
declare module 'node:os';
declare module 'node:path';
declare module 'node:path/posix';
declare module 'node:path/win32';
declare module 'node:process';
declare module 'node:punycode';
declare module 'node:querystring';
declare module 'node:stream';
declare module 'node:stream/promises';
declare module 'node:string_decoder';
declare module 'node:sys';
declare module 'node:timers';
declare module 'node:timers/promises';
declare module 'node:tty';
declare module 'node:url';
declare module 'node:util';
declare module 'node:util/types';
declare module 'node:zlib';
