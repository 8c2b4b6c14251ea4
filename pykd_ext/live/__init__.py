"""What happens while the target runs.

Where breakpoints go is what this costs. Counted in the live lab (``python -m
tests.engine.placements``): KD requests, each a round trip of a real connection, for one operation
that every callback hears of before and after; in brackets for one callback's verdict, of which an
operation has two from each.

=================================================== ========== ========== ============ ============
breakpoints                                         1 callback 4          16           64
=================================================== ========== ========== ============ ============
at each callback with "gc", what they return unseen 24 (11.8)  187 (23.4) 2284 (71.4)
at each callback, and where it returns to           66 (33.1)  460 (57.5) 4918 (153.7)
at each callback, and for once where it returns to  39 (19.6)  300 (37.5) 3507 (109.6)
a pair around the call in nt!CmpCallCallBacksEx     80 (40.0)  320 (40.0) 1280 (40.0)
the same pair, hardware                             56 (28.0)  224 (28.0) 896 (28.0)
one behind the call                                 25 (12.3)  97 (12.1)  385 (12.0)
the same one, hardware                              28 (14.0)  112 (14.0) 448 (14.0)
``trace --each``: one behind, all that it reads     27 (13.3)  93 (11.6)  357 (11.2)   1414 (11.0)
``who-blocks --stop``: where each callback returns  22 (11.1)  184 (23.0) 1430 (44.7)  11393 (89.0)
``trace``: where the code forks and ends            14         14         14           14
``trace --key``, one of another key                 12         12         12           12
``trace --process``, ``--thread``, one of another   11         11         11           11
``trace --class``, one of the class                 24         24         24           24
``trace --class``, one of another class             0          0          0            0
``trace --only-blocked``, one that is refused       16         25         25           25
``who-blocks``, one that nobody refuses             0          0          0            0
=================================================== ========== ========== ============ ============

What is read once a run, such as the names of callbacks, is not in the last ten rows. They are of
one processor; with more it is 18 for ``trace``, 16 for a key, 15 for a process or thread, 27 for
the class, 30 for a refusal, 13 for each verdict.

A stop that regcb hears of costs eight requests of the engine's own, whatever is done there and
however it is set up: the 64 bytes of code around it, of which the target has told 16, before it
calls anybody (two); the registers; the special ones and the code segment's descriptor, which it
asks for once a register is to be written; both written, where the instruction was done in the
processor's place (:mod:`.emulation`); and the going on. To that come two for each software
breakpoint, which is taken out and put back; or two for each processor, whose registers are read
once more, with any number of hardware ones. So these are used where there is one processor, and as
far as the user leaves some of the four. The engine's own conditions (``bp /p``, ``/t``) call nobody
and write no register: they reject for 5 and 4 requests where there is one breakpoint alone, for 13
with three, of which a trace cannot do without one. But for that the breakpoint is taken out for a
step, and what passes meanwhile is not seen.

A refusal that callbacks above hear of is two stops. 16 at the first: those eight and two, the
stack, the block (whose callback it is, and is any asked before it), the thread, the value, the key,
and the breakpoint at the end. 9 at that: it need not be done again there, as it goes with the last
refusal, but what has become of the result, is the thread still the one, and what callback is it in,
if any? Before, two calls more of the thread's list would tell that.

So few breakpoints are cheap, and one behind the call is the least that sees verdicts. Hence
:mod:`.call_site` finds that place by disassembly, and what the callback was given in registers and
stack slots that outlive the call; :mod:`.junctions` finds where that code forks over a failure, or
over STATUS_CALLBACK_BYPASS, and where it is done with an operation; :mod:`.services` where those of
one class begin. Without that place :mod:`.returns` falls back to the second row: the third is
cheaper, and what one thread takes out another one misses.
``guard`` needs one callback alone: a breakpoint at its start.
"""
