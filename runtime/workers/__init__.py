"""One service in several processes: a supervisor that holds the listening sockets, and workers that serve."""
