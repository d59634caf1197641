"""The local renderer: the product on a stage made for the style, moved in 2.5D."""
