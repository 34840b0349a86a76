"""Figures of pages: one palette, one style of plots, and small drawings that need no plotting library."""
