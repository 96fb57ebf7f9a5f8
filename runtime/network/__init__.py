"""The network as hooks may use it: what may be reached, and the client that reaches it."""
