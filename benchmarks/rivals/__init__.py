"""The card's cascade behind LitServe and behind FastAPI, each as its own documentation shows.

Both get the same weights, prompts and pictures as the server, and answer with what the card's
code finds: two labels and a caption, parsed from generated words.
"""
