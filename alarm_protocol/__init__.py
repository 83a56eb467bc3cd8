"""What crosses the wire between devices, gateway and consoles; no business rules."""
