"""The kernel layer: Linux holds a worker, and all that it starts, to the size's table, native code included.

    worker   enters     a filter, which cannot be taken out: calls of some kinds are asked about  sandboxed, filters
    zygote   answers    for each such call, by the policy of the test that is running             supervisor, judge
    worker   is told    what was refused, as of any child: by a line in its report file           child_reports

The one who answers is the worker's parent: where Yama restricts who may read another process's memory, an ancestor may.
A thread of the worker itself could not answer: it would wait for the lock that the interpreter holds while it calls.
"""
