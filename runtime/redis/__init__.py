"""What storage/ and issuer/ do with a Redis: addresses, connections, faults. The only room that imports the client library."""
