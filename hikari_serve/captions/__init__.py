"""What the words of a caption affirm and deny of diseases."""
