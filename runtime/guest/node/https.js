// Node's https, as http.js. Certificates are verified by the host, whatever the options say.
'use strict';
const { client } = require('internal/http_client');
const { Agent, Server, createServer, get, globalAgent, request } = client('https:', 443);

module.exports = { Agent, Server, createServer, get, globalAgent, request };
