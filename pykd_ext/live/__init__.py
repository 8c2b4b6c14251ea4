"""What happens while the target runs.

Where breakpoints go is what this costs. Counted in the live lab (``python -m
tests.engine.placements``): KD requests, each a round trip of a real connection, for one operation
that every callback hears of before and after; in brackets for one callback's verdict, of which an
operation has two from each.

=========================================================== ========== =========== ============ ===
breakpoints                                                 1 callback 4           16           64
=========================================================== ========== =========== ============ ===
at each callback with "gc", what they return unseen         24 (11.8)  187 (23.4)  2284 (71.4)
at each callback, and where it returns to                   66 (33.1)  460 (57.5)  4918 (153.7)
at each callback, and for once where it returns to          39 (19.6)  300 (37.5)  3507 (109.6)
a pair around the call in nt!CmpCallCallBacksEx             80 (40.0)  320 (40.0)  1280 (40.0)
the same pair, hardware                                     56 (28.0)  224 (28.0)  896 (28.0)
one behind the call                                         25 (12.3)  97 (12.1)   385 (12.0)
the same one, hardware                                      28 (14.0)  112 (14.0)  448 (14.0)
``regcb trace --each``: one behind, and all that it reads   42 (21.0)  125 (15.6)  452 (14.1)
``regcb trace``: where the code forks and ends              24         26          27           27
``regcb trace --key``, one of another key                   18         19          19           18
``trace --only-blocked``, one that is refused               24         48          49           50
``who-blocks``, one that nobody refuses                     0          0           0            0
=========================================================== ========== =========== ============ ===

What is read once a run, such as the names of callbacks, is in the last rows, over six operations;
these alone were counted with 64.

The engine takes out and puts back every software breakpoint at every stop, so few are cheap, and
one behind the call is the least that sees verdicts; hardware ones cost it a write of the context
and of the debug registers, of which a processor has four: too few for one at each callback. Hence
:mod:`.call_site` finds that place by disassembly, and what the callback was given in registers and
stack slots that outlive the call; :mod:`.junctions` finds where that code forks over a failure, or
over STATUS_CALLBACK_BYPASS, and where it is done with an operation. Without that place
:mod:`.returns` falls back to the second row: the third is cheaper, and what one thread takes out
another one misses.
``guard`` needs one callback alone: a breakpoint at its start.
"""
