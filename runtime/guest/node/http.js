// Node's http as far as clients need it, over the host's operations: a request is sent when it is ended, and its response is
// there as a whole. No sockets: what asks for one gets a stand-in. Servers there are none.
'use strict';
const { client } = require('internal/http_client');
const http = client('http:', 80);

module.exports = { ...http, METHODS: [...http.METHODS], maxHeaderSize: 16384 };
