//! Pure statistics over a recording; no I/O.
