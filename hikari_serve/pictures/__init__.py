"""Pictures: from bytes to checked pixels, to the views that models see, and how fit they are."""
