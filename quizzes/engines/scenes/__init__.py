"""Where a lesson's scenes begin: cuts, fades, dissolves, and new slides."""
