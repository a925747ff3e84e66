"""The token oracle: a second, independent opinion on how a drawing is to be played.

``model`` is a small graph that can write itself as BPMN; ``generate`` makes random ones from a seed; ``game`` plays
them by the rules of BPMN with tokens on the graph, knowing nothing of the engine; ``play`` plays the same moves on both
and compares what is open after each. ``python -m tests.engine.oracle 10000 [seed]`` plays many.
"""
