package quickjs_test

import (
	"testing"

	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/runtimetest"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func(t testing.TB) functions.Runtime { return newRuntime(t, 1) })
}
