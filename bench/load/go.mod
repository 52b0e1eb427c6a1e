module mctunnel/bench/load

go 1.24
