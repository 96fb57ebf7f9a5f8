"""What webtask's tools and token servers expect: bodies, envelopes, metadata. Pure; the HTTP of it is in web/."""
