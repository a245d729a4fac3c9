"""The search itself, written so that one source runs both compiled (numba) and plain (small histories,
where a compiler would cost more than it saves). `checkers.lincheck.jit` chooses.

Invariants: nothing here knows a model, touches Python objects or allocates: integers in arrays (or lists,
when plain) that the caller made, in which a full array is a return code and not an error. Masks are words of
BITS bits, so that every word is a small positive int64.
"""
