package history

import "context"

// Begin, Step and End are Run's parts, for tests that move the clock.
func (h *History) Begin(ctx context.Context) {
	h.recall(ctx)
	h.sample(ctx)
}

// Step is what happens each 10 seconds.
func (h *History) Step(ctx context.Context) { h.step(ctx) }

// End is what happens when the server ends.
func (h *History) End(ctx context.Context) {
	h.sample(ctx)
	h.flush(ctx, true)
}

// Held is the number of rows in memory.
func (h *History) Held() int { return len(h.rows) }
