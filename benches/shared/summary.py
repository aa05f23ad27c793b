"""Medians, quartiles and the tables that a bench prints."""

import statistics


def median(values):
    """The middle of the values."""
    return statistics.median(values)


def spread(values):
    """`median [first quartile-third quartile]`, to two decimals."""
    if len(values) < 2:
        return f"{values[0]:.2f}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} [{low:.2f}-{high:.2f}]"


def table(heading, rows):
    """A Markdown table whose columns are also aligned for the eye."""
    cells = [[str(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heading))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def mebibytes(size):
    """A size for the table."""
    return f"{size / 2**20:.1f}"
