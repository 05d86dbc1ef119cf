"""The second language: what commands and printed pages say, in Chinese, from one gettext catalogue."""
