package e2e_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

const hooked = `name: hooked
collections:
  things: { access: { read: "true", write: "true" } }
  calm: { access: { read: "true", write: "true" } }
functions:
  check: { handler: check.ts, trigger: { before: [create, update], collection: things }, timeout: 2s }
  add: { handler: add.ts, trigger: { call: {} }, auth: "true" }
`

const checkTS = `import { HutchError } from '@hutch/client/functions'
export default ({ after }) => {
  if (after.kind === 'loop') for (;;);
  if (after.kind === 'memory') { const a = []; for (;;) a.push(new Uint8Array(1 << 24)) }
  if (after.kind === 'refuse') throw new HutchError('failed_precondition', 'refused', { field: 'kind' })
}`

const addTS = `export default ({ data }) => data.a + data.b`

func TestALoopCostsItsCallerOnly(t *testing.T) {
	s := app(t, "hutch.yaml", hooked, "check.ts", checkTS, "add.ts", addTS)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 { // others, all the while
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := s.do("POST", "/functions/v1/add", "", map[string]int{"a": 2, "b": 3}); a.body != "5" {
					t.Errorf("a neighbour's call: %d %s", a.status, a.body)
				}
				if a := s.do("POST", "/data/v1/docs/calm", "", map[string]int{"n": 1}); a.status != 201 {
					t.Errorf("a neighbour's write: %d %s", a.status, a.body)
				}
			}
		})
	}
	for _, c := range []struct {
		kind, code string
		status     int
	}{{"loop", "deadline_exceeded", 504}, {"memory", "internal", 500}, {"refuse", "failed_precondition", 412}, {"fine", "", 201}, {"loop", "deadline_exceeded", 504}, {"fine", "", 201}} {
		a := s.do("POST", "/data/v1/docs/things", "", map[string]string{"kind": c.kind})
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s", c.kind, a.status, a.body)
		}
		if strings.Contains(a.body, "check.ts") || strings.Contains(a.body, " at ") {
			t.Errorf("%s: the answer shows the code: %s", c.kind, a.body)
		}
	}
	close(stop)
	wg.Wait()
	if a := s.do("GET", "/data/v1/docs/things?count=true", "", nil); !strings.Contains(a.body, `"count":2`) {
		t.Errorf("what was refused left something: %s", a.body)
	}
}

func TestARefusalLeavesNoTrace(t *testing.T) {
	s := app(t, "hutch.yaml", hooked, "check.ts", checkTS, "add.ts", addTS)
	frames := s.listen(t, "", `{"t":"sub","id":1,"query":{"from":"things"}}`)
	key := uuid.NewString()
	if a := s.do("POST", "/data/v1/docs/things", "", map[string]string{"_id": "x", "kind": "refuse"}, "Idempotency-Key", key); a.status != 412 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := s.do("GET", "/data/v1/docs/things/x", "", nil); a.status != 404 {
		t.Errorf("the document: %d %s", a.status, a.body)
	}
	for _, f := range frames(500 * time.Millisecond) {
		t.Errorf("a live frame: %s", f)
	}
	if a := s.do("POST", "/data/v1/docs/things", "", map[string]string{"_id": "x", "kind": "fine"}, "Idempotency-Key", key); a.status != 201 {
		t.Errorf("the key with another body: %d %s", a.status, a.body)
	}
}
