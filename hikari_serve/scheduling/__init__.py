"""The queue in front of an engine, and the turns of models that share a device."""
