"""The kernel sandbox enforces sizes in the Linux kernel, for native code and child programs too.

    worker   enters a filter that it cannot leave; the kernel asks about some system calls        sandboxed, filters
    zygote   answers each question by the policy of the test that is running                      supervisor, judge
    worker   learns what was refused from a line in the violation log, as from any child process  violation_log

The worker's parent answers, because an ancestor may read a process's memory even where Yama restricts that. A thread of
the worker could not answer: it would wait for the lock that the interpreter holds during a system call.
"""
