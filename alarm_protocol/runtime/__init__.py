"""What touches the outside on behalf of every part: time, logs, sockets."""
