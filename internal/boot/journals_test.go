package boot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/boot"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

const watched = `name: watched
collections: { notes: { access: { read: true, create: auth != null } } }
functions:
  buy: { handler: buy.ts, trigger: { call: {} }, auth: auth != null }
  reset: { handler: reset.ts, trigger: { http: "POST /api/reset/{token}" }, auth: "true" }
`

// onEachStore runs f on an app that serves from each kind of store, in development.
func onEachStore(t *testing.T, yaml string, f func(t *testing.T, d *desk), pairs ...string) {
	for _, kind := range []string{"embedded", "mongodb"} {
		t.Run(kind, func(t *testing.T) {
			store := ""
			if kind == "mongodb" {
				store = "store: " + mongotest.Database(t) + "\n"
			}
			app := newFolder(t, append([]string{"hutch.yaml", yaml + store}, pairs...)...)
			app.dev = true
			o := app.options(t)
			o.Stores = append(o.Stores, boot.Store{Scheme: "mongodb", Shared: true, Open: func(ctx context.Context, o boot.StoreOptions) (data.Store, error) {
				return mongo.Open(ctx, mongo.Options{URL: o.URL, Database: o.Database, Log: o.Log, Now: o.Now})
			}})
			o.Log = slog.New(slog.DiscardHandler)
			f(t, atDesk(t, app, app.startWith(t, o).ready(t)))
		})
	}
}

// desk is a running app with an operator who is signed in and a key of scope ops.
type desk struct {
	*running
	app    *folder
	cookie string
	key    string
}

func atDesk(t *testing.T, app *folder, r *running) *desk {
	t.Helper()
	link, err := r.Auth.Operators().FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Auth.Operators().SetUp(t.Context(), link.Token, "op@shop.example", "a long enough password", auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := r.Auth.CreateKey(t.Context(), "watch", hutch.ScopeOps, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{r, app, e.Token, key}
}

// ask asks as the operator, as the key ("ops"), or by a user's token.
func (d *desk) ask(t *testing.T, as, method, path, body string, into any) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch as {
	case "operator":
		for name, v := range map[string]string{"Cookie": "hutch-admin=" + d.cookie, "Sec-Fetch-Site": "same-origin", "X-Hutch-Admin": "1"} {
			req.Header.Set(name, v)
		}
	case "ops":
		req.Header.Set("Authorization", "Bearer "+d.key)
	case "":
	default:
		req.Header.Set("Authorization", "Bearer "+as)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && (resp.StatusCode != 200 || json.Unmarshal(b, into) != nil) {
		t.Fatalf("%s %s as %.8s: %d %s", method, path, as, resp.StatusCode, b)
	}
	return resp.StatusCode, string(b)
}

// signUp makes a user.
func (d *desk) signUp(t *testing.T, email string) (token, uid string) {
	t.Helper()
	var s struct {
		Token string `json:"access_token"`
		User  struct{ ID string }
	}
	d.ask(t, "", "POST", "/auth/v1/signup", `{"email":"`+email+`","password":"a long enough password"}`, &s)
	return s.Token, s.User.ID
}

type shownRun struct {
	ID, Function, Outcome, RequestID string
	At                               time.Time
	Kept                             bool
	Caller                           struct{ UID string }
	Payload                          *struct{ Input json.RawMessage }
}

type shownLogs struct {
	Logs []struct {
		ID, Kind, Level, Message, RequestID string
		Status                              int
	}
	Next string
	Kept struct{ Entries int64 }
}

// all reads a list of logs to its end, a few at a time.
func (d *desk) all(t *testing.T, query string) (out shownLogs) {
	t.Helper()
	seen := map[string]bool{}
	for after := ""; ; {
		var p shownLogs
		d.ask(t, "ops", "GET", "/admin/v1/logs?limit=3&"+query+"&after="+after, "", &p)
		for _, l := range p.Logs {
			if seen[l.ID] {
				t.Fatalf("%s: %s twice", query, l.ID)
			}
			seen[l.ID] = true
		}
		if after == "" {
			out.Kept = p.Kept
		}
		out.Logs = append(out.Logs, p.Logs...)
		if after = p.Next; after == "" {
			return out
		}
	}
}

// TestWhatHappenedIsShownOnBothStores: runs, their inputs, requests, the log and the
// audit are listed, searched, followed, and forgotten with the person; so are metrics,
// live queries and rules.
func TestWhatHappenedIsShownOnBothStores(t *testing.T) {
	onEachStore(t, watched, func(t *testing.T, d *desk) {
		ann, uid := d.signUp(t, "ann@shop.example")
		bob, _ := d.signUp(t, "bob@shop.example")
		buy := func(token, data string, want int) {
			t.Helper()
			if status, text := d.ask(t, token, "POST", "/functions/v1/buy", data, nil); status != want {
				t.Fatalf("buy: %d %s", status, text)
			}
		}
		var tail struct{ Next string }
		d.ask(t, "ops", "GET", "/admin/v1/tail?kind=logs", "", &tail)
		for range 3 {
			buy(ann, `{"product":"a needle"}`, 200)
		}
		buy(ann, `{"fail":true,"password":"SECRET"}`, 500)
		buy(bob, `{"product":"hay"}`, 200)
		if status, text := d.ask(t, "", "POST", "/api/reset/SECRET?key=SECRET", `{"token":"SECRET","page":1}`, nil); status != 500 {
			t.Fatal(status, text)
		}
		d.ask(t, ann, "GET", "/data/v1/docs/notes/none", "", nil)

		var runs struct{ Runs []shownRun }
		for query, n := range map[string]int{
			"": 6, "function=buy": 5, "outcome=failed": 2, "function=buy&outcome=failed": 1, "user=" + uid: 4, "q=needle": 3, "limit=2": 2, "since=2999-01-01T00:00:00Z": 0,
		} {
			if d.ask(t, "ops", "GET", "/admin/v1/runs?"+query, "", &runs); len(runs.Runs) != n {
				t.Errorf("runs?%s: %d, not %d", query, len(runs.Runs), n)
			}
		}
		d.ask(t, "ops", "GET", "/admin/v1/runs?function=reset", "", &runs)
		var one shownRun
		for _, at := range []string{"", "?at=" + url.QueryEscape(runs.Runs[0].At.Format(time.RFC3339Nano))} {
			one = shownRun{}
			if d.ask(t, "ops", "GET", "/admin/v1/runs/"+runs.Runs[0].ID+at, "", &one); one.Payload != nil || !one.Kept {
				t.Errorf("a key sees what it got: %+v", one)
			}
			d.ask(t, "operator", "GET", "/admin/v1/runs/"+runs.Runs[0].ID+at, "", &one)
			if one.Payload == nil || !bytes.Contains(one.Payload.Input, []byte(`"body":{"page":1,"token":"REDACTED"}`)) || bytes.Contains(one.Payload.Input, []byte("SECRET")) {
				t.Errorf("%+v %s", one, one.Payload.Input)
			}
		}
		request := one.RequestID

		for query, n := range map[string]int{
			"kind=request&user=" + uid: 5, "kind=request&status=5xx": 2, "kind=request&status=404": 1, "kind=function": 6, "kind=function&level=error": 2, "kind=request&level=error": 2,
			"kind=request,function&requestId=" + request: 2, "kind=function&q=needle": 3, "kind=audit&q=signed_up": 2, "kind=server&level=error&user=" + uid: 0,
		} {
			if got := d.all(t, query); len(got.Logs) != n {
				t.Errorf("logs?%s: %d, not %d: %+v", query, len(got.Logs), n, got.Logs)
			}
		}
		everything := d.all(t, "")
		if everything.Kept.Entries < 13 {
			t.Errorf("%+v is kept", everything.Kept)
		}
		for _, l := range everything.Logs {
			var same struct{ ID, Kind string }
			if d.ask(t, "ops", "GET", "/admin/v1/logs/"+l.ID, "", &same); same.Kind != l.Kind {
				t.Errorf("%s is %+v", l.ID, same)
			}
		}
		var came shownLogs
		d.ask(t, "ops", "GET", "/admin/v1/tail?kind=logs&after="+tail.Next, "", &came)
		kinds := map[string]int{}
		for _, l := range came.Logs {
			kinds[l.Kind]++
		}
		if kinds["request"] < 7 || kinds["function"] != 6 { // it begins two seconds before
			t.Errorf("the tail gave %v", kinds)
		}

		var fns struct {
			Functions []struct {
				Name      string
				Counts    struct{ Hour struct{ OK, Failed int64 } }
				LastError *shownRun
			}
		}
		d.ask(t, "operator", "GET", "/admin/v1/functions", "", &fns)
		if f := fns.Functions[0]; f.Name != "buy" || f.Counts.Hour.OK != 4 || f.Counts.Hour.Failed != 1 || f.LastError == nil || f.LastError.Caller.UID != uid {
			t.Errorf("%+v", fns)
		}
		for _, get := range []string{"/admin/v1/metrics?range=1h", "/admin/v1/metrics?range=30d", "/admin/v1/overview", "/admin/v1/live"} {
			var any map[string]any
			if d.ask(t, "ops", "GET", get, "", &any); len(any) == 0 {
				t.Error(get)
			}
		}
		d.givesUp(t, "lost~1", "lost~2", "lost~3")
		if items := d.overview(t).Items; len(items) != 1 || items[0].Kind != "jobsDead" || items[0].Values["count"] != "3" || !strings.HasPrefix(items[0].Link, "/") {
			t.Errorf("%+v", items)
		}
		jobs := func(query string) (out []string) {
			t.Helper()
			for after := ""; ; {
				var p struct {
					Jobs []struct{ ID, State string }
					Next string
				}
				d.ask(t, "operator", "GET", "/admin/v1/jobs?limit=1&"+query+"&after="+url.QueryEscape(after), "", &p)
				for _, j := range p.Jobs {
					out = append(out, j.ID+" "+j.State)
				}
				if after = p.Next; after == "" {
					return out
				}
			}
		}
		if got := fmt.Sprint(jobs("kind=lost")); got != "[lost~3 dead lost~2 dead lost~1 dead]" {
			t.Error(got)
		}
		for path, method := range map[string]string{"/lost~1/retry": "POST", "/lost~2": "DELETE"} {
			if status, text := d.ask(t, "operator", method, "/admin/v1/jobs"+path, "", nil); status != 204 {
				t.Errorf("%s: %d %s", path, status, text)
			}
		}
		if got := fmt.Sprint(jobs("state=dead"), jobs("state=waiting&kind=lost")); got != "[lost~3 dead] [lost~1 waiting]" {
			t.Error(got)
		}
		if got := d.all(t, "kind=audit&q=job."); len(got.Logs) != 2 {
			t.Errorf("the audit of jobs: %+v", got.Logs)
		}
		var verdict struct{ Allowed bool }
		if d.ask(t, "operator", "POST", "/admin/v1/rules/explain", `{"as":{"uid":"`+uid+`"},"op":"create","collection":"notes","next":{"a":1}}`, &verdict); !verdict.Allowed {
			t.Error("ann may not create")
		}
		if d.ask(t, "operator", "POST", "/admin/v1/rules/explain", `{"as":"guest","op":"create","collection":"notes","next":{"a":1}}`, &verdict); verdict.Allowed {
			t.Error("a guest may create")
		}
		var live struct{ Connections, Groups []any }
		d.ask(t, "operator", "GET", "/admin/v1/live/connections", "", &live)
		d.ask(t, "operator", "GET", "/admin/v1/live/groups", "", &live)

		d.Log().Warn("a line of hers", slog.String("user", uid))
		if got := d.all(t, "kind=server&user="+uid); len(got.Logs) != 1 {
			t.Errorf("lines of hers: %+v", got.Logs)
		}
		buy(bob, `{"fail":true,"of":"`+uid+`"}`, 500)
		if _, text := d.ask(t, "ops", "GET", "/admin/v1/runs", "", &runs); !strings.Contains(text, `"touched":[{"in":"notes","id":"`+uid+`"}]`) {
			t.Errorf("his run does not name her: %s", text)
		}
		if err := d.Data.Erase(t.Context(), uid); err != nil {
			t.Fatal(err)
		}
		if d.ask(t, "ops", "GET", "/admin/v1/runs?user="+uid, "", &runs); len(runs.Runs) != 0 {
			t.Errorf("%d runs of hers are left", len(runs.Runs))
		}
		_, text := d.ask(t, "ops", "GET", "/admin/v1/runs", "", &runs)
		if len(runs.Runs) != 3 || strings.Contains(text, uid) {
			t.Errorf("%d runs are left: %s", len(runs.Runs), text)
		}
		one = shownRun{}
		if d.ask(t, "operator", "GET", "/admin/v1/runs/"+runs.Runs[0].ID, "", &one); one.Function != "buy" || !one.Kept || one.Payload != nil {
			t.Errorf("what his run got, which named her: %+v", one)
		}
		if got := d.all(t, "kind=request,server&user="+uid); len(got.Logs) != 0 {
			t.Errorf("requests and lines of hers: %+v", got.Logs)
		}
		if got := d.all(t, "kind=request&status=5xx"); len(got.Logs) != 2 {
			t.Errorf("others' failed requests: %+v", got.Logs)
		}
	}, "buy.ts", `export default async ({ data }: any, ctx: any) => {
  console.log(data.product)
  await ctx.db.get('notes', data.of ?? 'n')
  if (data.fail) throw new Error('no ' + Object.keys(data).length)
  return { ok: true }
}
`, "reset.ts", "export default () => { throw new Error('no') }\n")
}

// givesUp makes jobs that were given up, the last of them last.
func (d *desk) givesUp(t *testing.T, ids ...string) {
	t.Helper()
	b := &data.Batch{}
	for i, id := range ids {
		kind, _, _ := strings.Cut(id, "~")
		died := data.Date(time.Now().Add(time.Duration(i) * time.Second))
		doc := data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "kind", Value: data.String(kind)},
			data.Elem{Name: "queue", Value: data.String("dead letters")}, data.Elem{Name: "at", Value: died}, data.Elem{Name: "tries", Value: data.Int(12)},
			data.Elem{Name: "dead", Value: data.Object(data.NewDoc(data.Elem{Name: "reason", Value: data.String("no answer")}, data.Elem{Name: "at", Value: died}))})
		b.Writes = append(b.Writes, data.Write{Collection: "_jobs", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return doc, nil }})
	}
	if _, err := d.Data.System("_jobs").Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// TestAFloodOfLinesIsCut at 100 a second of a level, and the other levels stay.
func TestAFloodOfLinesIsCut(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: x\n")
	f.dev = true
	o := f.options(t)
	var out bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}))
	now := time.Now()
	o.Now = func() time.Time { return now }
	d := atDesk(t, f, f.startWith(t, o).ready(t))
	log := d.Log()
	for i := range 101 {
		log.Warn("again", slog.Int("n", i))
	}
	log.Error("once")
	lines := d.all(t, "kind=server&level=warn")
	warned := 0
	for _, l := range lines.Logs {
		if l.Message == "again" {
			warned++
		}
	}
	var p struct{ Skipped int64 }
	d.ask(t, "ops", "GET", "/admin/v1/logs?kind=server", "", &p)
	if last := lines.Logs[0]; warned > 100 || warned < 95 || p.Skipped < 1 || last.Message != "once" {
		t.Errorf("%d kept, %d skipped, the last %+v", warned, p.Skipped, last)
	}
	if s := out.String(); !strings.Contains(s, "once") || strings.Contains(s, "again") {
		t.Errorf("the log on stderr: %s", s)
	}
}

// TestJournalsAreBoundedByTheConfig: what is kept goes by the ages in `logs:`, and a
// change of them waits for the next start.
func TestJournalsAreBoundedByTheConfig(t *testing.T) {
	text := watched + "logs: { keep: 1h, size: 1MiB, runs: { keep: 2h, size: 1MiB }, inputs: { keep: %s } }\n"
	for _, c := range []struct {
		inputs string
		kept   bool
	}{{"30m", true}, {"0s", false}} {
		f := newFolder(t, "hutch.yaml", fmt.Sprintf(text, c.inputs), "buy.ts", "export default () => { throw new Error('no') }\n", "reset.ts", "export default () => { throw new Error('no') }\n")
		f.dev = true
		d := atDesk(t, f, f.start(t).ready(t))
		d.ask(t, "", "POST", "/api/reset/a", `{"a":1}`, nil)
		var runs struct{ Runs []shownRun }
		if d.ask(t, "ops", "GET", "/admin/v1/runs", "", &runs); len(runs.Runs) != 1 || runs.Runs[0].Kept != c.kept {
			t.Errorf("%s: %+v", c.inputs, runs)
		}
		f.write(t, "hutch.yaml", watched)
		if _, err := d.Reload(t.Context(), f.config(t)); err != nil {
			t.Fatal(err)
		}
		if got := kinds(d.overview(t)); len(got) == 0 || got[0] != "restart" && got[len(got)-1] != "restart" {
			t.Errorf("the overview says %q", got)
		}
		if err := d.end(t); err != nil {
			t.Fatal(err)
		}
	}
}
