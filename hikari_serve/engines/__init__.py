"""What runs the weights: the contract, and the engines that keep it."""
