// Package mongotest gives tests a real MongoDB replica set on loopback.
//
// Most tests share one set and take a database of their own in it:
//
//	func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }
//
//	uri := mongotest.Database(t)
//
// The shared set is that of HUTCH_MONGO (test.sh starts it and hands its URI
// down), else one that the test process starts for itself. Tests that kill,
// stop or shrink members Start a set of their own.
//
// Guarantees: a set that cannot be had fails the test; only `go test -short`
// skips it. No mongod outlives the test process, however that ends.
//
// Limits: Linux; the server is that of scripts/mongo.sh.
package mongotest
