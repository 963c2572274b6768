package quickjs

import (
	"fmt"
)

// native does what the prelude leaves to Go: a name, then arguments.
func (v *vm) native(args []any) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("malformed request")
	}
	name, _ := args[0].(string)
	in := make([]string, 0, 4)
	for _, a := range args[1:] {
		s, ok := a.(string)
		if !ok {
			return nil, fmt.Errorf("%s takes strings", name)
		}
		in = append(in, s)
	}
	switch f := natives[name]; {
	case name == "log" && len(in) == 2:
		if v.run != nil {
			v.run.log(in[0], in[1])
		}
		return nil, nil
	case f.do == nil || len(in) != f.args:
		return nil, fmt.Errorf("malformed request")
	default:
		return f.do(in)
	}
}

// natives are functions of strings; bytes travel as base64.
var natives = map[string]struct {
	args int
	do   func(in []string) (any, error)
}{}
