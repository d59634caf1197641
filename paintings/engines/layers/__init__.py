"""A photo and its depth become a stack of sheets that gives the photo back."""
