"""What connects the core to disk, files and the broker."""
