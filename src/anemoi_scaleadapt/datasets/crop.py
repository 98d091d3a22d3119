"""A block of rows and columns, as recipes and filters give it."""


def area_of(crop: dict[str, int]) -> tuple[slice, slice]:
    """Rows and columns of a crop ``{row, col, height, width}``, as slices."""
    row, col = crop["row"], crop["col"]
    return slice(row, row + crop["height"]), slice(col, col + crop["width"])
