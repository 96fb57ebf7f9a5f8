"""Execution records, off the answer's path."""
