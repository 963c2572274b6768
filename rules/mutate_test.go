package rules

// Proof that the tests would have found each bug: it is put back by an overlay
// of the build, and the named test must see it.
// go test -run LongMutations -mutate all (or a pattern of names); minutes.

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var mutate = flag.String("mutate", "", "put these bugs back (all, or a pattern of names) and show that they are found")

func TestLongMutations(t *testing.T) {
	which := *mutate
	if _, long := fuzzing(t); long {
		which = "all"
	}
	if which == "" {
		t.Skip("-mutate all, or HUTCH_LONG, puts bugs back: minutes")
	}
	found := []*regexp.Regexp{regexp.MustCompile(`(difference|over budget) after \d+ rules`), regexp.MustCompile(`panic: .*|--- FAIL: \S+`)}
	for _, bug := range bugs {
		if which != "all" && !regexp.MustCompile(which).MatchString(bug.name) {
			continue
		}
		test := bug.test
		if test == "" {
			test = "TestDifferential"
		}
		out, err := runMutant(t, test, bug.edits)
		m := found[0].FindString(out)
		if m == "" {
			m = found[1].FindString(out)
		}
		switch {
		case err == nil:
			t.Errorf("NOT FOUND  %s", bug.name)
		case m == "":
			t.Errorf("%s: %s", bug.name, out)
		default:
			t.Logf("%-64s %s", bug.name, m)
		}
	}
}

// TestMutationsApply keeps the list of bugs in step with the code.
func TestMutationsApply(t *testing.T) {
	for _, bug := range bugs {
		for _, e := range bug.edits {
			if strings.HasPrefix(e.file, "../") {
				continue
			}
			b, err := os.ReadFile(e.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), e.old); n != 1 {
				t.Errorf("%s: %s: %q found %d times", bug.name, e.file, e.old, n)
			}
		}
	}
}

func runMutant(t *testing.T, test string, edits []edit) (string, error) {
	t.Helper()
	dir, replaced := t.TempDir(), map[string]string{}
	for _, e := range edits {
		file, err := filepath.Abs(e.file)
		if err != nil {
			t.Fatal(err)
		}
		from := file
		if r, ok := replaced[file]; ok {
			from = r
		}
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), e.old); n != 1 {
			t.Fatalf("%s: %q found %d times", e.file, e.old, n)
		}
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(e.file, "../"), "/", "_"))
		if err := os.WriteFile(to, []byte(strings.Replace(string(b), e.old, e.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[file] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err = os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", list, "-run", "^("+test+")$", ".", "-rules", "20000")
	cmd.Env = append(os.Environ(), "HUTCH_LONG=", "HUTCH_SEED=5")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
