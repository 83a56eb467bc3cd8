"""The operator consoles: views in over MQTT, a page per control room, actions out."""
