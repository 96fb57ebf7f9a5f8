"""Where a hook's code runs: a sandbox of its own for every request. `base` is the contract."""
