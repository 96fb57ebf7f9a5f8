"""The runtime's HTTP service: HTTP in, HTTP out, nothing else."""
