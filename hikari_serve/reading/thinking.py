"""What a model thought before it answered is not what it says."""

_OPEN, _CLOSED = "<think>", "</think>"


def without_thinking(text: str) -> str:
    """The text with its thinking as spaces, so that every word stays where it is.

    A block that did not end has no answer behind it: all of the text is thinking. So is what
    stands before an end without a beginning. One pass over the text.
    """
    pieces, at = [], 0
    while (opened := text.find(_OPEN, at)) >= 0:
        closed = text.find(_CLOSED, opened)
        if closed < 0:
            return " " * len(text)
        end = closed + len(_CLOSED)
        pieces += [text[at:opened], " " * (end - opened)]
        at = end
    spoken = "".join((*pieces, text[at:]))
    begun = spoken.rfind(_CLOSED)
    answer = begun + len(_CLOSED) if begun >= 0 else 0
    return " " * answer + spoken[answer:]
