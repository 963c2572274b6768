package boot

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/functions"
)

// hooks plug functions into auth. Functions come after auth, and not at all where
// a command works on the data alone.
type hooks struct{ a *App }

var _ auth.Hooks = hooks{}

// Before gives the functions that judge an event.
func (h hooks) Before(event string) []auth.Hook {
	fns := h.a.Functions
	if fns == nil {
		return nil
	}
	judges := fns.Judges(event)
	if len(judges) == 0 {
		return nil
	}
	out := make([]auth.Hook, 0, len(judges))
	for _, j := range judges {
		out = append(out, auth.Hook{Name: j.Name, Run: func(ctx context.Context, e auth.HookEvent) (json.RawMessage, error) {
			told, err := toldOf(&e)
			if err != nil {
				return nil, err
			}
			return j.Run(ctx, told)
		}})
	}
	return out
}

// After names the functions that hear of an event, as the config does: what a
// command changes is told too, by the next server.
func (h hooks) After(event string) []string {
	c := h.a.o.Config
	if now := h.a.inUse.Load(); now != nil {
		c = now
	}
	var names []string
	for i := range c.Functions {
		if c.Functions[i].Trigger.Auth == event {
			names = append(names, c.Functions[i].Name)
		}
	}
	slices.Sort(names)
	return names
}

func toldOf(e *auth.HookEvent) (functions.AuthEvent, error) {
	user, err := json.Marshal(e.User)
	if err != nil {
		return functions.AuthEvent{}, hutch.Errorf(hutch.Internal, "encoding a user: %w", err)
	}
	return functions.AuthEvent{
		User: user, Method: e.Method, Provider: e.Provider, IP: e.IP, Session: e.Session, AAL: e.AAL, Claims: e.Claims, UID: e.User.ID,
	}, nil
}

// tellFunctions runs the jobs that tell functions of accounts.
func (a *App) tellFunctions(pool *jobs.Pool) {
	pool.Handle(auth.AfterJob, func(ctx context.Context, r *jobs.Run) error {
		after, err := a.Auth.OpenAfter(r.Payload)
		if err != nil {
			return jobs.Permanent(err)
		}
		select { // functions are loaded by then
		case <-a.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		told, err := toldOf(&after.Event)
		if err != nil {
			return jobs.Permanent(err)
		}
		failed := a.Functions.Hear(ctx, r, after.Function, after.Event.Type, told)
		if failed == nil || after.Event.Type == auth.AfterDelete {
			return failed
		}
		if gone, err := a.Auth.Gone(ctx, told.UID); err != nil || !gone {
			return failed
		}
		a.log.Warn("a function did not hear of an account, which is erased", slog.String("function", after.Function), slog.Any("error", failed))
		return nil
	}, jobs.Options{Concurrency: 4, Timeout: longestRun(a.o.Config)})
}

// longestRun bounds a job by the longest time that a function asks for, and what
// it may wait.
func longestRun(c *config.Config) time.Duration {
	longest := time.Minute
	for i := range c.Functions {
		longest = max(longest, c.Functions[i].Timeout)
	}
	return longest + 30*time.Second
}
