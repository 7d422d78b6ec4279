"""The rules, one package a noun: `model` values, `queries` SQL text, `service` the functions that faces call."""
