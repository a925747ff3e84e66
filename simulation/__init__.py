"""A year of the demo company, lived through its own procedures: people act with delays and mistakes, time is moved.

Nothing here writes a figure: every deal, document, complaint and payment comes out of the verbs that people use.
"""
