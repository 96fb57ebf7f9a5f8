"""What webtask's tools and token servers expect: bodies, envelopes, metadata, tokens; the HTTP of it is in web/."""
