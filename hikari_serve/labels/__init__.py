"""Label sets, the answers made of them, and how likely and how sure an answer is."""
