"""What a process gives up for good: the kernel's calls for it, and what the service's own process gives up."""
