package lint_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// asvs are the requirements of levels 1 and 2 in OWASP ASVS 5.0.0, by section;
// "1-3" are 1, 2 and 3.
var asvs = map[string]string{
	"1.1": "1-2", "1.2": "1-9", "1.3": "1-11", "1.4": "1-3", "1.5": "1-2",
	"2.1": "1-3", "2.2": "1-3", "2.3": "1-4", "2.4": "1-1",
	"3.2": "1-2", "3.3": "1-4", "3.4": "1-6", "3.5": "1-5", "3.7": "1-2",
	"4.1": "1-3", "4.2": "1-1", "4.3": "1-2", "4.4": "1-4",
	"5.1": "1-1", "5.2": "1-3", "5.3": "1-2", "5.4": "1-3",
	"6.1": "1-3", "6.2": "1-12", "6.3": "1-4", "6.4": "1-4", "6.5": "1-5", "6.6": "1-3", "6.8": "1-4",
	"7.1": "1-3", "7.2": "1-4", "7.3": "1-2", "7.4": "1-5", "7.5": "1-2", "7.6": "1-2",
	"8.1": "1-2", "8.2": "1-3", "8.3": "1-1", "8.4": "1-1",
	"9.1": "1-3", "9.2": "1-4",
	"10.1": "1-2", "10.2": "1-2", "10.3": "1-4", "10.4": "1-11", "10.5": "1-5", "10.6": "1-2", "10.7": "1-3",
	"11.1": "1-2", "11.2": "1-3", "11.3": "1-3", "11.4": "1-4", "11.5": "1-1", "11.6": "1-1",
	"12.1": "1-3", "12.2": "1-2", "12.3": "1-4",
	"13.1": "1-1", "13.2": "1-5", "13.3": "1-2", "13.4": "1-5",
	"14.1": "1-2", "14.2": "1-4", "14.3": "1-3",
	"15.1": "1-3", "15.2": "1-3", "15.3": "1-7",
	"16.1": "1-1", "16.2": "1-5", "16.3": "1-4", "16.4": "1-3", "16.5": "1-3",
}

var (
	asvsRow  = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| (\w+) \| (.+) \|$`)
	testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
	docNamed = regexp.MustCompile(`docs/[a-z-]+\.md`)
)

// TestASVS holds docs/security.md to its promise: each requirement once, and
// every test and page that it names is there.
func TestASVS(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/security.md"))
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for section, span := range asvs {
		var from, to int
		if _, err := fmt.Sscanf(span, "%d-%d", &from, &to); err != nil {
			t.Fatal(err)
		}
		for n := from; n <= to; n++ {
			missing[fmt.Sprintf("%s.%d", section, n)] = true
		}
	}
	for _, row := range asvsRow.FindAllStringSubmatch(string(text), -1) {
		if !missing[row[1]] {
			t.Errorf("%s stands twice, or is no requirement of levels 1 and 2", row[1])
		}
		delete(missing, row[1])
		if !slices.Contains([]string{"yes", "app", "none", "gap"}, row[2]) {
			t.Errorf("%s: %q is no answer", row[1], row[2])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s is missing", id)
	}
	tests := map[string]bool{}
	for _, f := range sources(t) {
		if !f.test {
			continue
		}
		for _, m := range testFunc.FindAllSubmatch(f.text, -1) {
			tests[string(m[1])] = true
		}
	}
	for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
		if !tests[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	for _, page := range docNamed.FindAllString(string(text), -1) {
		if _, err := os.Stat(filepath.Join(root, page)); err != nil {
			t.Error(err)
		}
	}
}
