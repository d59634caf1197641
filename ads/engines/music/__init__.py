"""The music bed: composed for the style and the length, and played."""
