package gen_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hutch-dev/hutch/internal/gen"
)

// TestLicencesAreCurrent: every library of go.mod and of the dashboard's lock, in
// its version, with a licence and its text.
func TestLicencesAreCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	path := filepath.Join(root, filepath.FromSlash(gen.LicencesPath))
	if *write {
		text, err := gen.MakeLicences(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var have gen.Licences
	if err := json.Unmarshal(text, &have); err != nil {
		t.Fatal(err)
	}
	want, err := gen.Libraries(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 100 {
		t.Fatalf("only %d libraries", len(want))
	}
	stored := map[string]bool{}
	for _, l := range have.Libraries {
		stored[l.From+" "+l.Name+" "+l.Version] = true
		if l.Licence == "" || len(have.Texts[l.Text]) < 30 {
			t.Errorf("%s has no licence", l.Name)
		}
	}
	for _, l := range want {
		id := l.From + " " + l.Name + " " + l.Version
		if !stored[id] {
			t.Errorf("%s is missing; run go generate", id)
		}
		delete(stored, id)
	}
	for id := range stored {
		t.Errorf("%s is not used any more; run go generate", id)
	}
}
