"""The control matrix: criteria down, their controls beside them, gaps in plain sight."""

from controls.matrix.build import Cells, build
from controls.matrix.lines import HEADER, Asked, Matrix, asked_of

__all__ = ["HEADER", "Asked", "Cells", "Matrix", "asked_of", "build"]
