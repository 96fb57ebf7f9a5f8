"""One file per grant type: from the request's parameters to what is issued."""
