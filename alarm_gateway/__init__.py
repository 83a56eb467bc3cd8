"""The gateway: checks, prioritises, journals and routes every press."""
