"""The engine of real Node: each run in a process of its own, behind walls of the operating system. `sandbox.base` is the contract."""
