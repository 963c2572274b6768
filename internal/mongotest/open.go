package mongotest

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// set is a replica set whose processes are ours.
type set struct {
	members []*member
}

// open starts a set with its data below dir.
func open(dir string, o Options) (*set, error) {
	path, err := server()
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		s, err := openOnce(filepath.Join(dir, strconv.Itoa(try)), path, o)
		if err == nil || !errors.Is(err, errPort) || try == 5 {
			return s, err
		}
	}
}

func openOnce(dir, server string, o Options) (_ *set, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := &set{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	args := o.Args
	if o.OplogMB > 0 {
		args = append([]string{"--oplogSize", strconv.Itoa(o.OplogMB), "--syncdelay", "2"}, args...)
	}
	taken := map[int]bool{}
	for i := range cmp.Or(o.Members, 3) {
		m := &member{server: server, dir: filepath.Join(dir, strconv.Itoa(i)), args: args}
		if m.port, err = freePort(ctx, taken); err != nil {
			return nil, err
		}
		if m.client, err = direct(m.host()); err != nil {
			return nil, err
		}
		s.members = append(s.members, m)
		if err = m.launch(); err != nil {
			return nil, err
		}
	}
	for _, m := range s.members {
		if err = m.wait(ctx, func() bool { return m.listens(ctx) }); err != nil {
			return nil, err
		}
	}
	_, err = Initiate(ctx, s.hosts(), cmp.Or(o.Election, quickElection))
	return s, err
}

func (s *set) hosts() []string {
	out := make([]string, len(s.members))
	for i, m := range s.members {
		out[i] = m.host()
	}
	return out
}

// close ends all members. Nobody reads their data again.
func (s *set) close() {
	for _, m := range s.members {
		m.kill()
		disconnect(m.client)
	}
}

// running are connections to the members; nil to those that do not run.
func (s *set) running() []*mongo.Client {
	out := make([]*mongo.Client, len(s.members))
	for i, m := range s.members {
		if m.process != nil {
			out[i] = m.client
		}
	}
	return out
}

// freePort finds a port below those that the kernel gives to outgoing
// connections: there a client that dials a dead member could meet itself.
func freePort(ctx context.Context, taken map[int]bool) (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000) //nolint:gosec // G404: any port does
		if taken[port] {
			continue
		}
		taken[port] = true
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port")
}
