"""Reading: which diseases a text names, and what it says of each. Knows no label set."""
