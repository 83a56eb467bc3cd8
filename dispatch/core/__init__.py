"""The pure part of a console: what it holds, and what it may show and do."""
