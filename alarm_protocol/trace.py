"""W3C Trace Context: which journey a message belongs to, carried in an MQTT 5 user property.

A press may bring a `traceparent`; the views of its alarm then carry the same one to the
consoles. It is for those who trace a press through all parts: no rule looks at it.
Source: W3C Recommendation "Trace Context", level 1, section 3.2.
"""

import re
from collections.abc import Iterable

TRACE_PROPERTY = "traceparent"
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


def trace_of(properties: Iterable[tuple[str, str]]) -> str | None:
    """Return the first well-formed `traceparent` among user properties, if there is one."""
    for name, value in properties:
        if name == TRACE_PROPERTY and _TRACEPARENT.fullmatch(value):
            return value
    return None


def trace_id_of(trace: str) -> str:
    """Return the trace id of a `traceparent`: 32 hexadecimal digits."""
    return trace[3:35]
