"""Static SVG pictures for the report, built from small pure functions.

Laws: every string of a stranger passes `elements.tag`, which escapes it; no script, style block, image or
address inside; colours come from the page's CSS classes, so light, dark and print need one picture; the size
of a picture does not grow with the number of operations in the history.
"""
