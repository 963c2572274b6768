package server_test

import (
	"net/http"
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
