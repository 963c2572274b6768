package mongotest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// errPort is a port that another took between the look and mongod's start.
var errPort = errors.New("port taken")

// portTaken is how mongod ends then.
const portTaken = 48

// member is one mongod with its data.
type member struct {
	server string // path of mongod
	dir    string
	port   int
	args   []string
	client *mongo.Client // to it alone

	process *os.Process   // nil: not running
	ended   chan struct{} // closed when process has ended
	state   *os.ProcessState
}

func (m *member) host() string { return "127.0.0.1:" + strconv.Itoa(m.port) }

// launch starts the process. The kernel kills it when the thread that started
// it ends, so that one waits for it.
func (m *member) launch() error {
	data := filepath.Join(m.dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	// It outlives the wait for it: kill and stop end it.
	cmd := exec.CommandContext(context.Background(), m.server, append([]string{
		"--replSet", setName, "--bind_ip", "127.0.0.1", "--port", strconv.Itoa(m.port),
		"--dbpath", data, "--logpath", m.log(), "--logappend",
		"--wiredTigerCacheSizeGB", "0.25",
		"--setParameter", "diagnosticDataCollectionEnabled=false",
		"--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100",
	}, m.args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in its state
		m.state = cmd.ProcessState
		close(ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting mongod: %w", err)
	}
	m.process, m.ended = cmd.Process, ended
	return nil
}

// start launches the process and waits until it serves as primary or secondary.
func (m *member) start(ctx context.Context) error {
	if m.process != nil {
		return fmt.Errorf("mongod at %s is running", m.host())
	}
	if err := m.launch(); err != nil {
		return err
	}
	return m.wait(ctx, func() bool {
		if !m.listens(ctx) {
			return false
		}
		roles, _ := ask(ctx, []*mongo.Client{m.client})
		return roles[0].Primary || roles[0].Secondary
	})
}

// listens reports whether the process takes connections, as it does at the end
// of its start.
func (m *member) listens(ctx context.Context) bool {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", m.host())
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// wait waits until ok; it fails when the process ends.
func (m *member) wait(ctx context.Context, ok func() bool) error {
	for {
		if ok() {
			return nil
		}
		select {
		case <-m.ended:
			m.process = nil
			if m.state.ExitCode() == portTaken {
				return fmt.Errorf("%w: %s", errPort, m.host())
			}
			return fmt.Errorf("mongod at %s ended with %s; its log ends:\n%s", m.host(), m.state, m.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for mongod at %s: %w; its log ends:\n%s", m.host(), ctx.Err(), m.tail())
		case <-time.After(poll):
		}
	}
}

func (m *member) kill() {
	if m.process == nil {
		return
	}
	_ = m.process.Kill() // it may have ended by itself
	<-m.ended
	m.process = nil
}

func (m *member) stop() error {
	if m.process == nil {
		return nil
	}
	_ = m.process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
		m.process = nil
		return nil
	case <-time.After(patience):
		m.kill()
		return fmt.Errorf("mongod at %s did not stop; its log ends:\n%s", m.host(), m.tail())
	}
}

func (m *member) log() string { return filepath.Join(m.dir, "log") }

func (m *member) tail() string {
	text, err := os.ReadFile(m.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
