"""Where hooks, versions, secrets and executions are kept. `base` is the contract; a backend fulfils it."""
