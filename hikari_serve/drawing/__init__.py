"""Drawn lesions and the tiny models trained on them: every path of the system, without a download.

The drawings and the models mean nothing clinically.
"""

from hikari_serve.drawing.cases import Drawing, draw_case, draw_cases, draw_set

__all__ = ["Drawing", "draw_case", "draw_cases", "draw_set"]
