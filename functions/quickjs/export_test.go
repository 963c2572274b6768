package quickjs

import (
	"testing"

	"modernc.org/quickjs"
)

// Bytecode is what the engine would take as compiled code.
func Bytecode(t *testing.T, code string) []byte {
	t.Helper()
	q, err := quickjs.NewVM()
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	b, err := q.Compile(code, quickjs.EvalGlobal)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
