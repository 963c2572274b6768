package dashboard_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/dashboard"
)

// TestS10DistIsWhole: what index.html names is embedded, all of it from the
// dashboard's own origin and none of it inline, as its policy asks.
func TestS10DistIsWhole(t *testing.T) {
	files := dashboard.FS()
	html, err := fs.ReadFile(files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(html, -1)
	if len(named) < 3 {
		t.Fatalf("index.html names %d files", len(named))
	}
	for _, m := range named {
		name, ours := strings.CutPrefix(string(m[1]), "/_/")
		if !ours {
			t.Errorf("%s is not the dashboard's", m[1])
		} else if s, err := fs.Stat(files, name); err != nil || s.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if inline := regexp.MustCompile(`<script>|<style|\son\w+=`).Find(html); inline != nil {
		t.Errorf("index.html holds %q", inline)
	}
}
