"""Choosing a language model: policy and catalogue are data, the choice is a pure function of them.

Units inside are integers: picodollars (10^-12 USD), microseconds, parts per million.
"""
