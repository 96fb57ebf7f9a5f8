"""What both HTTP services share: JSON in and out, error bodies, bearer tokens, the route table, starting and stopping."""
