package hutch

//go:generate go test -count 1 ./internal/gen -args -write
