"""The dashboard: pages that were built from `runtime/dashboard`, and the sessions of the people who use them."""
