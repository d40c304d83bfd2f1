//! Server and resolver over real sockets.
