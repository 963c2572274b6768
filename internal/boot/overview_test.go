package boot_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/server"
)

// overview asks the running app's overview as an ops key does.
func (r *running) overview(t *testing.T) server.Overview {
	t.Helper()
	key, _, err := r.Auth.CreateKey(t.Context(), "watch", hutch.ScopeOps, 0)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/admin/v1/overview", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var o server.Overview
	if err := json.NewDecoder(res.Body).Decode(&o); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	return o
}

func kinds(o server.Overview) (out []string) {
	for _, i := range o.Items {
		out = append(out, i.Kind)
	}
	return out
}

// TestTheOverviewSaysWhatNeedsAnOperator: nothing where all is well, each thing
// while it lasts.
func TestTheOverviewSaysWhatNeedsAnOperator(t *testing.T) {
	f := newFolder(t, "hutch.yaml", hooked, "f.ts", "export default () => { throw new Error('no') }\n", "g.ts", "export default () => {}\n")
	f.dev = true
	r := f.start(t).ready(t)
	if o := r.overview(t); o.Status != "ok" || len(o.Items) != 0 || !o.Store.OK || o.App.Empty {
		t.Fatalf("%+v", o)
	}
	for range 3 {
		r.get(t, "/api/f")
	}
	if o := r.overview(t); o.Status != "error" || !slices.Equal(kinds(o), []string{"functionFailing"}) || o.Items[0].Values["count"] != "3" || o.Items[0].Link != "/functions?fn=f" {
		t.Errorf("%+v", o.Items)
	}
	f.write(t, "f.ts", "export default () => nowhere(\n")
	if _, err := r.Reload(t.Context(), f.config(t)); err == nil {
		t.Fatal("a broken function was taken")
	}
	if o := r.overview(t); !slices.Contains(kinds(o), "reloadFailed") {
		t.Errorf("%+v", o.Items)
	}
	f.write(t, "f.ts", "export default () => 'well'\n")
	f.write(t, "hutch.yaml", hooked+"limits: { body: 2MiB }\n")
	if _, err := r.Reload(t.Context(), f.config(t)); err != nil {
		t.Fatal(err)
	}
	r.get(t, "/api/f")
	for _, i := range r.overview(t).Items {
		if i.Link == "" {
			t.Errorf("%s leads nowhere", i.Kind)
		}
	}
	if o := r.overview(t); o.Status != "warning" || !slices.Equal(kinds(o), []string{"restart"}) || o.Items[0].Values["key"] != "limits" {
		t.Errorf("%+v", o.Items)
	}
}

// TestTheOverviewSaysWhatTheLimitsRefuse: a function that meets one at every call
// fails, though its code lets Hutch's own error through; and a query that no index
// helps is named as well as one that lacks its index.
func TestTheOverviewSaysWhatTheLimitsRefuse(t *testing.T) {
	f := newFolder(t, "hutch.yaml", strings.Replace(hooked, "name: x\n", "name: x\nlimits: { maxScan: 100 }\n", 1),
		"f.ts", "export default async (e, ctx) => await ctx.db.find('a', { where: { s: { $ne: 'x' } }, count: true })\n", "g.ts", "export default () => {}\n")
	f.dev = true
	r := f.start(t).ready(t)
	system := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.System}.Sealed())
	var ms []data.Mutation
	for range 20 { // a guest may examine 10
		d, err := data.ParseJSON([]byte(`{"s":"x"}`), 5)
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, data.Mutation{Op: data.OpCreate, In: "a", Data: d})
	}
	if _, err := r.Data.Write(system, ms, data.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, body := r.get(t, "/api/f"); status != http.StatusTooManyRequests || !strings.Contains(body, "examines too much") {
			t.Fatal(status, body)
		}
	}
	o := r.overview(t)
	if o.Status != "error" || !slices.Equal(kinds(o), []string{"functionFailing", "queryRefused"}) || o.Items[1].Values["count"] != "3" || o.Items[1].Link != "/data?in=a" {
		t.Errorf("%+v", o.Items)
	}
}

// TestARefusedReloadIsInTheLog: the dashboard's Logs have what the terminal says.
func TestARefusedReloadIsInTheLog(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: x\n")
	f.dev = true
	d := atDesk(t, f, f.start(t).ready(t))
	f.write(t, "hutch.yaml", "name: x\nnonsense: 1\n")
	c, ds := config.Load(os.DirFS(f.dir), func(string) (string, bool) { return "", false })
	if c != nil {
		t.Fatal("the config was taken")
	}
	d.NotReloaded(ds)
	for _, l := range d.all(t, "kind=server&level=error").Logs {
		if strings.HasPrefix(l.Message, "not reloaded") {
			return
		}
	}
	t.Errorf("%+v", d.all(t, "kind=server").Logs)
}
