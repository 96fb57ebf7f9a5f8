"""The token server's part of the Management API v2: clients, APIs, client grants, users and signing keys."""
