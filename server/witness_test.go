package server_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/internal/contract"
	"github.com/hutch-dev/hutch/server"
)

// witness holds each answer that a test gets against the description.
var witness = &contract.Witness{Next: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

// witnessed has the answers of a server judged until the test ends. Where a
// double signs people in, its good answers are nobody's.
func witnessed(t testing.TB, srv *server.Server, addr string, doubled bool) {
	if _, ok := t.(*testing.T); !ok {
		return
	}
	s := &contract.Site{Addr: addr, Text: srv.Description, Report: func(err error) { t.Error("not as described:", err) }}
	if doubled {
		s.Skip = func(op string, status int) bool {
			return status < 400 && (strings.Contains(op, " /auth/") || strings.Contains(op, " /admin/v1/auth/"))
		}
	}
	t.Cleanup(witness.Watch(s))
}

func TestMain(m *testing.M) { os.Exit(tested(m)) }

// tested is the tests, and when all of them ran that each route went well for one.
func tested(m *testing.M) int {
	code := m.Run()
	if code != 0 || testing.Short() || partly("test.run", "test.skip", "test.list", "test.bench", "test.fuzz") {
		return code
	}
	srv, err := server.New(server.Options{Data: newDocuments(), Auth: newPeople()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rows := []string{}
	for _, r := range srv.Routes() {
		rows = append(rows, r.Name)
	}
	if never := witness.Never(rows); len(never) > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d routes that no test saw going well:\n%s\n", len(never), len(rows), strings.Join(never, "\n"))
		return 1
	}
	return 0
}

// partly reports whether one of the flags is set.
func partly(flags ...string) bool {
	for _, name := range flags {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}
