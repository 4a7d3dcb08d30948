"""How the skin cascade's stages are shown: by `/diagnose`, the page, the report, the terminal."""
