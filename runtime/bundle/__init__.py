"""From what somebody uploads to the one script that a sandbox loads. `base` is the contract."""
