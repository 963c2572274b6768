package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hutch-dev/hutch/internal/boot"
)

// TestAskHelper is a process that asks the control socket of HUTCH_TEST_ASK.
func TestAskHelper(t *testing.T) {
	folder := os.Getenv("HUTCH_TEST_ASK")
	if folder == "" {
		t.Skip("a part of TestS12ControlRefusesDescendants")
	}
	_, answered, err := ask(folder, boot.Operation{Name: boot.KeyList})
	t.Logf("answered %v: %v", answered, err)
}

// TestS12ControlRefusesDescendants: a process that the server started gets
// nothing, even with the key; one of its own standing does.
func TestS12ControlRefusesDescendants(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	unlock, err := lock(folder, byServer)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	asked := 0
	ctl, err := listenControl(folder, slog.New(slog.DiscardHandler), func(context.Context, boot.Operation) (*boot.Outcome, error) {
		asked++
		return &boot.Outcome{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ctl.close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{
		{self, "-test.run=^TestAskHelper$", "-test.v"},
		{"/bin/sh", "-c", "'" + self + "' -test.run='^TestAskHelper$' -test.v; true"}, // a child's child
	} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "HUTCH_TEST_ASK="+folder, "HUTCH_BIN=none")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "answered true: permission_denied") {
			t.Errorf("%v: %s", err, out)
		}
	}
	if asked != 0 {
		t.Errorf("%d operations were done", asked)
	}
}

func TestDescends(t *testing.T) {
	if !descends(os.Getpid(), os.Getppid()) || !descends(os.Getpid(), os.Getpid()) {
		t.Error("a child is not seen as one")
	}
	if descends(os.Getppid(), os.Getpid()) || descends(1, os.Getpid()) {
		t.Error("a parent is seen as a child")
	}
	if !descends(1<<22+1, os.Getpid()) {
		t.Error("a process that cannot be looked at passes")
	}
}

func TestLockIsTheProcess(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "data")
	unlock, err := lock(folder, byServer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockServer(t.Context(), folder)
	if e, ok := err.(*lockedError); !ok || e.pid != os.Getpid() || e.by != byServer {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	unlock, err = lock(folder, byCommand)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		unlock, err := lockServer(t.Context(), folder)
		if err == nil {
			unlock()
		}
		got <- err
	}()
	unlock() // the server waited for the command
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestLineLog(t *testing.T) {
	var b strings.Builder
	c := &cli{err: &b}
	log, err := c.logger("info", false)
	if err != nil {
		t.Fatal(err)
	}
	log.With(slog.Int("a", 1)).WithGroup("g").Warn("said", slog.String("b", "two words"), slog.Group("h", slog.Bool("c", true)), slog.Any("", 1))
	log.Debug("unheard")
	if got := b.String(); !strings.HasSuffix(got, " WARN said a=1 g.b=\"two words\" g.h.c=true\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got)
	}
	if _, err := c.logger("info+2", true); err == nil {
		t.Error("a level that is none")
	}
}

// TestNothingForgesALineOfTheLog: words from outside reach the terminal as words.
func TestNothingForgesALineOfTheLog(t *testing.T) {
	for _, words := range []string{"\x1b[31m\r", "a\nb", "\r\n00:00:00 WARN forged", "\t", "\x00", "\x7f", "\u009b2J", "\u202e", "\u2028", "\u00a0", "\xff", "\ufeff"} {
		var b strings.Builder
		log, err := (&cli{err: &b}).logger("info", false)
		if err != nil {
			t.Fatal(err)
		}
		log.With(slog.String(words, words)).WithGroup(words).Warn(words, slog.String(words, words), slog.Any("e", errors.New(words)), slog.Group(words, slog.Int("n", 1))) //nolint:sloglint // what a name from outside may hold
		line, ok := strings.CutSuffix(b.String(), "\n")
		if !ok || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Errorf("%q is written as %q", words, b.String())
		}
		if n := strings.Count(line, strings.Trim(strconv.Quote(words), `"`)); n != 10 {
			t.Errorf("%q stands %d times in %q", words, n, line)
		}
	}
	var b strings.Builder
	log, err := (&cli{err: &b}).logger("info", false)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("한국어, ünd €", slog.String("k", "값"))
	if !strings.HasSuffix(b.String(), " 한국어, ünd € k=값\n") {
		t.Errorf("%q", b.String())
	}
}
