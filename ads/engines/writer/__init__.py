"""The local writer: a grammar for each style, and what fills its gaps."""
