package e2e_test

import (
	"os"
	"testing"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }
