"""A stand-in for Amazon Redshift: a gateway in front of PostgreSQL that speaks as Redshift does, and refuses what it
refuses. `gateway.running_gateway` starts it."""
