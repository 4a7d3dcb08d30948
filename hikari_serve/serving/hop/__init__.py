"""From a cascade to a stage in another process or on another machine, over HTTP."""
