module mctunnel/bench/rivals/proxy

go 1.24.0
