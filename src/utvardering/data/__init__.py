"""What is known: files become panels, with every file checked against its description."""

from utvardering.data.load import load_panel
from utvardering.data.panel import Grid, Panel, Sample

__all__ = ["Grid", "Panel", "Sample", "load_panel"]
