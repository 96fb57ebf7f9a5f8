"""The reference token server: issues real signed JWTs and asks the runtime, over HTTP only, what goes into them."""
