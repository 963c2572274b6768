package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the built binary on a folder of its own.
type server struct {
	cmd   *exec.Cmd
	addr  string
	home  string
	bin   string
	token string // of the one user
	uid   string
}

var ready = regexp.MustCompile(`^listening on http://(\S+)$`)

// start builds and runs the server; app is the folder that it serves.
func start(app string) (*server, error) {
	home, err := os.MkdirTemp("", "hutch-load")
	if err != nil {
		return nil, err
	}
	s := &server{home: home}
	bin := os.Getenv("HUTCH_BIN")
	if bin == "" {
		bin = filepath.Join(home, "hutch")
		build := exec.Command("go", "build", "-trimpath", "-o", bin, "./cmd/hutch")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return s, fmt.Errorf("building: %w", err)
		}
	}
	s.bin = bin
	if err := os.CopyFS(filepath.Join(home, "app"), os.DirFS(app)); err != nil {
		return s, err
	}
	args := []string{"serve", filepath.Join(home, "app"), "--listen", "127.0.0.1:0", "--log-level", "warn"}
	s.cmd = exec.Command(bin, args...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return s, err
	}
	if err := s.cmd.Start(); err != nil {
		return s, err
	}
	sc := bufio.NewScanner(stderr)
	for s.addr == "" && sc.Scan() {
		if m := ready.FindStringSubmatch(sc.Text()); m != nil {
			s.addr = m[1]
		} else {
			fmt.Fprintln(os.Stderr, sc.Text())
		}
	}
	if s.addr == "" {
		return s, fmt.Errorf("the server did not start")
	}
	go func() {
		for sc.Scan() {
			fmt.Fprintln(os.Stderr, sc.Text())
		}
	}()
	return s, s.signUp()
}

func (s *server) signUp() error {
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	for range 100 {
		status, _, err := c.do("GET", "/readyz", "", nil)
		if err != nil {
			return err
		}
		if status == 200 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	status, body, err := c.do("POST", "/auth/v1/signup", "", []byte(`{"email":"load@example.test","password":"correct horse battery"}`))
	if err != nil || status != 200 {
		return fmt.Errorf("sign-up: %d %s (%v)", status, body, err)
	}
	var session struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	if err := json.Unmarshal(body, &session); err != nil {
		return err
	}
	s.token, s.uid = session.AccessToken, session.User.ID
	return c.c.Close()
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.home)
}

// cpu is the time that the server and its children have used; children that
// have ended are in their parent's sum.
func (s *server) cpu() time.Duration {
	total := time.Duration(0)
	for _, pid := range append(children(s.cmd.Process.Pid), s.cmd.Process.Pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, i := range []int{11, 12} { // utime, stime in ticks of 10 ms (proc(5))
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err == nil {
				total += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return total
}

func children(pid int) (out []int) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}
