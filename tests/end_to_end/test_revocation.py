"""A signing key is taken back: `hookd dev` refuses its tokens from then on."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.processes import Process, call, compiled_in, read_environment


def test_a_token_of_a_revoked_key_is_refused_at_once(tmp_path: Path):
    """Also one that the runtime has verified and remembered: token server and runtime are one process here."""
    with Process(["dev", "--port", "0"], compiled_in(tmp_path)) as dev:
        dev.read_until("The same values")
        own = read_environment(tmp_path / ".hookd/demo.env")["API_TOKEN"]
        audience = f"{dev.url}/api/v2/"
        client = call("POST", f"{dev.url}/api/v2/clients", json_body={"name": "ops"}, token=own).body
        grant = {"client_id": client["client_id"], "audience": audience, "scope": ["read:hooks"]}
        assert call("POST", f"{dev.url}/api/v2/client-grants", json_body=grant, token=own).status == 201
        asked = {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
            "audience": audience,
        }
        token = call("POST", f"{dev.url}/oauth/token", json_body=asked).body["access_token"]
        assert call("GET", f"{dev.url}/api/v2/hooks", token=token).status == 200

        (first, *_) = call("GET", f"{dev.url}/api/v2/keys/signing", token=own).body
        assert call("POST", f"{dev.url}/api/v2/keys/signing/rotate", json_body={}, token=own).status == 201
        assert call("GET", f"{dev.url}/api/v2/hooks", token=token).status == 200
        assert (
            call("PUT", f"{dev.url}/api/v2/keys/signing/{first['kid']}/revoke", json_body={}, token=own).status == 200
        )

        assert call("GET", f"{dev.url}/api/v2/hooks", token=token).status == 401
        fresh = call("POST", f"{dev.url}/oauth/token", json_body=asked).body["access_token"]
        assert call("GET", f"{dev.url}/api/v2/hooks", token=fresh).status == 200
