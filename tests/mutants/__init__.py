"""Mutation tests: change the code in one place, and see whether a test fails.

    python -m tests.mutants --sample 300 --seed 1

takes a random sample of mutmut's mutants of the packages in `tests.mutants.runs.TESTS` and runs the tests of the
package with each, in copies of the tree. It prints how many were killed, and the survivors with their diffs; both are
kept in ``--into``, each result as soon as it is known.

    python -m tests.mutants --again .mutants/results.jsonl --profile quick

runs those that were not killed once more, after tests were added, and with as many examples as ``make test``. mutmut
makes the mutants, of what is in functions; its own runner takes no random sample.
"""
