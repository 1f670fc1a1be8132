"""The operators' console: Django's admin behind the walls.

`config` installs it, `site` is it, `walls` opens one tenant per request, `chooser` says which, `register` lists the
pages, and `show` says how a column is shown. All pages are read from the models; most are read-only. `deeds` is what
the pages have in common on which somebody decides: `plans`, `pairs`, `conflicts`.
"""
