//! Tests of the real program over real sockets and terminals.
