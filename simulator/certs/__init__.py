"""A small certificate authority for tests: who is who on a broker with TLS."""
