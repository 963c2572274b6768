package server_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

// TestS91TheAuditIsExported: pages for keys of scope ops, and what is refused.
func TestS91TheAuditIsExported(t *testing.T) {
	s := start(t)
	for path, want := range map[string]int{
		"": 200, "?limit=500": 200, "?limit=501": 400, "?limit=1": 200, "?limit=0": 400, "?limit=x": 400,
		"?since=2026-11-22T00:00:00Z": 200, "?since=yesterday": 400, "?since=2026-11-22T00:00:00Z&since=2026-11-22T00:00:00Z": 400,
		"?user=ann@pets.test": 400, "?user=0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11&after=0": 200, "?users=x": 400,
		"?order=newest&operator=op&event=key_created&until=2026-11-22T00:00:00Z": 200, "?order=up": 400, "?until=now": 400,
	} {
		a := s.do(t, "ops", "GET", "/admin/v1/audit"+path, "")
		if a.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", path, a.StatusCode, a.body, want)
		}
		if want == 200 && !strings.HasPrefix(a.body, `{"rows":[{"id":"1","at":`) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	a := s.do(t, "ops", "GET", "/admin/v1/audit", "", "Origin", "https://shop.example")
	if a.StatusCode != 401 {
		t.Errorf("from a page: %d %s", a.StatusCode, a.body)
	}
}

// TestS91OperatorsReadByAddress: which keys of scope ops may not.
func TestS91OperatorsReadByAddress(t *testing.T) {
	if a := start(t).do(t, "operator", "GET", "/admin/v1/audit?user=ann@pets.test", ""); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestARequestsRowsAreFound: by its id, in the audit and in the logs.
func TestARequestsRowsAreFound(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Logs = logJournal(t) })
	s.auth.trail = []auth.AuditRow{{ID: "2", Event: "one", Request: "another1"}, {ID: "1", Event: "two", Request: "abcdefgh"}}
	if a := s.do(t, "ops", "GET", "/admin/v1/audit?requestId=abcdefgh&limit=10", ""); !strings.Contains(a.body, `"requestId":"abcdefgh"`) || strings.Contains(a.body, "another1") {
		t.Error(a.body)
	}
	if out := logsOf(t, s, "requestId=abcdefgh&kind=audit"); len(out.Logs) != 1 || out.Logs[0].RequestID != "abcdefgh" {
		t.Errorf("%+v", out)
	}
}
