package gen_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch/internal/gen"
)

var write = flag.Bool("write", false, "write the files instead of comparing them")

func TestGeneratedFilesAreCurrent(t *testing.T) {
	for _, f := range gen.Files() {
		path := filepath.Join("..", "..", filepath.FromSlash(f.Path))
		if *write {
			if err := os.WriteFile(path, f.Text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v; run go generate", err)
			continue
		}
		if diff := cmp.Diff(string(f.Text), string(got)); diff != "" {
			t.Errorf("%s is stale; run go generate (-want +got):\n%s", f.Path, diff)
		}
	}
}
