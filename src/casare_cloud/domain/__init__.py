"""The rules, one package a noun: `model` values, `queries` SQL text, `service` what can be done."""
