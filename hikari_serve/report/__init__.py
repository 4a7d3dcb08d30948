"""An answer as a document for people: HTML for the screen, the phone and paper, and Markdown.

A report is made from the answer alone and the picture, it refers to nothing outside itself, and
everything that comes from the answer stands in it as text.
"""

from hikari_serve.report.document import FORMATS, Report, render

__all__ = ["FORMATS", "Report", "render"]
