package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w+)(?: file=(\\S+))?\n(.*?)^```$")
	expects = regexp.MustCompile(`(?m)^# (\d{3})(.*)$`)
)

// TestDocs builds the app of each page's file blocks and does its http blocks in
// order: "# 201 text text" is the status and what the answer contains.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	requests := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		files, blocks := inPage(string(text))
		if len(files) == 0 {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			s := app(t, files...)
			ann, bob := s.signUp(), s.signUp()
			words := strings.NewReplacer("$annId", ann.uid, "$bobId", bob.uid, "$ann", ann.token, "$bob", bob.token,
				"$key", s.key(), "$authKey", s.key("--scope", "auth"))
			for _, b := range blocks {
				requests++
				s.request(t, words.Replace(b))
			}
		})
	}
	if requests < 30 {
		t.Errorf("only %d requests in the docs", requests)
	}
}

// inPage gives a page's files, name and text by turns, and its http blocks.
func inPage(text string) (files, blocks []string) {
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		switch {
		case m[2] != "":
			files = append(files, m[2], m[3])
		case m[1] == "http":
			blocks = append(blocks, m[3])
		}
	}
	return files, blocks
}

// request does one http block.
func (s *shop) request(t *testing.T, text string) {
	t.Helper()
	want := expects.FindStringSubmatch(text)
	if want == nil {
		t.Fatalf("no expectation in\n%s", text)
	}
	head, body, _ := strings.Cut(expects.ReplaceAllString(text, ""), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	var headers []string
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ": ")
		headers = append(headers, name, value)
	}
	var sent any
	if body = strings.TrimSpace(body); body != "" {
		sent = body
	}
	path = strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(path)
	a := s.do(method, path, "", sent, headers...)
	if strconv.Itoa(a.status) != want[1] {
		t.Errorf("%s %s: %d, want %s\n%s", method, path, a.status, want[1], a.body)
	}
	for part := range strings.SplitSeq(strings.TrimSpace(want[2]), ` "`) {
		if part = strings.TrimPrefix(part, `"`); !strings.Contains(a.body, part) {
			t.Errorf("%s %s: no %s in\n%s", method, path, part, a.body)
		}
	}
}
