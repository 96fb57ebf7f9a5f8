"""What both services' SQLite files have in common: how one is opened and marked, who writes, who reads, which errors leave."""
