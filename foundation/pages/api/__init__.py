"""The API of every register, derived from its `Pages`: the same rows, rights, forms, save path and trail."""
