"""Documents of what is configured, generated when they are asked for, and so never stale.

`bridge` gathers what there is to say about a bridge, as `parts`; `markdown` and `html` write it down, and `writing`
chooses between them.
"""
