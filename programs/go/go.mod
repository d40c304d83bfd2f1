module inflight/client

go 1.19
