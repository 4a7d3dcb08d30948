"""How good the demo family is: the whole cascade on drawings that nothing was trained on."""
