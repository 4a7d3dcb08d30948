"""The words of prompts and answers, with names in braces: `This image shows {label}.`"""

import string


def names_in(words: str) -> list[str]:
    """The names that some words quote, each as `{name}`.

    Raises:
        ValueError: A brace is of no name; `{{` and `}}` stand for braces themselves.
    """
    try:
        fields = [each[1:] for each in string.Formatter().parse(words) if each[1] is not None]
    except ValueError as error:
        raise ValueError(f"{error}: write `{{{{` or `}}}}` for a brace") from None
    for name, form, conversion in fields:
        if not str(name).isidentifier() or form or conversion:
            raise ValueError("between braces stands a name alone: write `{{` or `}}` for a brace")
    return [str(name) for name, _, _ in fields]
