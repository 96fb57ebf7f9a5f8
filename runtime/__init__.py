"""hookd: runs the code that decides what goes into an access token. `README.md` beside this file is the map."""
