"""What the host does while a hook waits."""
