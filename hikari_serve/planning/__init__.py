"""What models need of a GPU, before one is rented."""
